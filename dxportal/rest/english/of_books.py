"""More sentences: what is wrong inside plan books, a city's own tables and entry workbooks."""

OF_BOOKS = {
    # The file as a whole
    "ファイルもフォルダもありません。": "There is no file and no folder.",
    "必要なシートがありません。": "A sheet that is needed is missing.",
    "同じ名前のファイルが2つあります。": "Two files have the same name.",
    "CSVファイルが1つもありません。": "There is no CSV file.",
    "ZIPファイルを展開できません（{}）。パスワードなしで作り直してください。": (
        "The ZIP file cannot be unpacked ({}). Make it again, without a password."
    ),
    "文字コードがUTF-8でもCP932でもありません。": "It is neither UTF-8 nor CP932.",
    "CSVとして読めません（{}）。": "It cannot be read as CSV ({}).",
    "CSVとして読めません。": "It cannot be read as CSV.",
    "Excelブックとして開けません（{}）。": "It cannot be opened as a workbook ({}).",
    "Excelブックとして読めません（{}）。": "It cannot be read as a workbook ({}).",
    "パスワード付き、または古い形式（.xls）です。パスワードなしの.xlsxで保存してください。": (
        "It has a password, or is of the old format (.xls). Save it as .xlsx without a password."
    ),
    "Excelブック（.xlsx）でも、CSVのZIPファイルでもありません。": (
        "It is neither a workbook (.xlsx) nor a ZIP of CSV files."
    ),
    "ExcelブックでもCSVでもないか、文字コードがUTF-8でもCP932でもありません。": (
        "It is neither a workbook nor a CSV file in UTF-8 or CP932."
    ),
    "マクロを含むブックは読み込めません。.xlsxで保存し直してください。": (
        "Workbooks with macros are not read. Save it as .xlsx."
    ),
    "展開後の大きさが上限（{}MB）を超えています。": "Unpacked, it is larger than {} MB.",
    "展開後のCSVの大きさが上限（60MB）を超えています。": (
        "Unpacked, the CSV files are larger than 60 MB."
    ),
    "行数が上限（{}行）を超えています。": "It has more than {} rows.",
    "行数が上限（全シートで{}行）を超えています。": "Its sheets have more than {} rows together.",
    "列の数が上限（{}列）を超えています。": "It has more than {} columns.",
    "この名前のシートは計画ブックにありません（使える名前：{}）。": (
        "A plan book has no sheet of this name (its sheets are: {})."
    ),
    "このシートがありません（あるシート：{}）。": "There is no such sheet (there are: {}).",
    "このシートが使うシート「{}」がありません。": (
        'The sheet "{}", which this one uses, is missing.'
    ),
    "この列は計画ブックにありません。": "A plan book has no such column.",
    "同じ列が2つあります。": "The column is there twice.",
    "必要な列がありません。": "A column that is needed is missing.",
    # Cells
    "数式は使えません。": "Formulas cannot be used.",
    "空欄にできません。": "It cannot be empty.",
    "整数を半角数字で入れてください。": "Give a whole number in ASCII digits.",
    "数値を半角数字で、カンマや単位をつけずに入れてください。": (
        "Give a number in ASCII digits, without commas or units."
    ),
    "1（はい）か0（いいえ）を入れてください。": "Give 1 (yes) or 0 (no).",
    "日付は 2024-04-01 の形で入れてください。": "Give a date such as 2024-04-01.",
    "年度は西暦4桁の半角数字で入れてください（例：2024）。": (
        "Give a fiscal year as four ASCII digits, such as 2024."
    ),
    "使える値は {} です。": "Give one of: {}.",
    "{}文字までです（{}文字）。": "It may have {} characters (it has {}).",
    "{}行目と同じ識別子です。": "Row {} has the same key.",
    "この種類の行（{}）には入れられません。": "Rows of this kind ({}) have no such cell.",
    "1つの計画ブックに入れられるのは1行だけです。": "A plan book has one such row.",
    # Rows together
    "シート「{}」にこの識別子がありません。": 'The sheet "{}" has no such key.',
    "取り込まないことにした行を使っています。その行も取り込むか、この行も外してください。": (
        "It uses a row that was left out. Take that row too, or leave this one out."
    ),
    "新しい団体を取り込めるのは、サーバーの管理者だけです。": (
        "Only the server's operator can take over a new organization."
    ),
    "この行は外せません。": "This row cannot be left out.",
    "計画そのものの行のため、外せません。": (
        "It is the row of the plan itself and cannot be left out."
    ),
    "データベースの制約に反します（{}）。": "It breaks a constraint of the database ({}).",
    "上位をたどると輪になっています。": "Its parents go round in a circle.",
    # What an import may not change or delete
    "確定した年度の目標値は取込では変更できません。": (
        "An import cannot change the targets of a settled year."
    ),
    "確定した年度の値は取込では変更できません。": (
        "An import cannot change the values of a settled year."
    ),
    "確定した年度の評価は取込では変更できません。": (
        "An import cannot change the reviews of a settled year."
    ),
    "照会の状態は取込では変更できません。": "An import cannot change the state of a round.",
    "「{}」の値は取込では変更できません。": "The value is {}: an import cannot change it.",
    "{}ため、取込では変更できません。": "{}: an import cannot change it.",
    "「{}」の": "It is {}",
    "照会の期限を過ぎた": "The time for entering is over",
    "照会が「{}」の": "The round is {}",
    "記録のため、取込では削除できません。": "It is a record: an import cannot delete it.",
    "年度照会は、取込では削除できません。": "An import cannot delete a round.",
    "計画の編集画面で外してください。": "Remove it where the plan is edited.",
    "削除すると、残すことにした{}も削除されます。その行も削除するか、この行を残すか、"
    "計画の編集画面で削除してください。": (
        "Deleting it would delete rows that are to stay ({}). Delete those too, keep this one, or "
        "delete it where the plan is edited."
    ),
    "確かめたあとで計画が変わりました。preview で変更を確かめ直してください。": (
        "The plan has changed since you looked. Look at the changes in preview again."
    ),
    # A city's own table, read by a mapping
    "対応表にある列「{}」が、この表にありません。": 'The table has no column "{}" of the mapping.',
    "対応表にない見出しです（{}列目）。対応表に加えてください。": (
        "The mapping does not know this head (column {}). Add it to the mapping."
    ),
    "対応表のこの列に年度がありません。": "The mapping has no fiscal year for this column.",
    "見出しのない列に値があります。": "There is a value in a column without a head.",
    "数式の計算結果がファイルにありません。Excelで開いて保存し直してください。": (
        "The file has no result of this formula. Open it in Excel and save it again."
    ),
    "行を見分ける列がすべて空欄で、どの行か分かりません。": (
        "The columns that say what the row is about are all empty."
    ),
    "登録されている単位「{}」と違います。": 'It differs from the stored unit "{}".',
    "登録されている所管課（{}）と違います。": "It differs from the stored departments ({}).",
    "登録済みの所管課（{}）は取込では外せません。事業の画面で直してください。": (
        "An import does not take departments away ({}). Change the project instead."
    ),
    "事業か施策の行でないため、この列は取り込めません。": (
        "The row is of no project or measure, so this column cannot be taken over."
    ),
    "施策の所管課は1つだけです。": "A measure has one department only.",
    "「{}」というタグが{}。": 'The tag "{}" {}.',
    "「{}」という名称の所属が{}。": 'The department "{}" {}.',
    "登録されていません": "is not there",
    "2つ以上あります": "is there more than once",
    "{}行目では「{}」で、同じものの値が違います。": (
        'Row {} says "{}" of the same thing, which is another value.'
    ),
    "分子と分母から計算した値です。入力の画面で分子と分母を直してください。": (
        "It was worked out from two counts. Change numerator and denominator instead."
    ),
    "文字で示す指標は「定性」と登録してください。": (
        "An indicator that is said in words has to be qualitative."
    ),
    "登録済みの段階は取込では消せません。事業の画面で直してください。": (
        "An import does not take a stage away. Change the project instead."
    ),
    "段階として読めません。使えるもの：○構築、⇒運用、…検討、{}": (
        "It is no stage. Known are: ○ (build), ⇒ (operate), … (consider), {}"
    ),
    "「{}」は1円未満の端数になります（単位：{}）。": (
        '"{}" has a fraction of a yen (its unit is {}).'
    ),
    "○か空欄で入れてください。": "Give ○, or leave it empty.",
    "事業の番号も事業名も空欄で、どの事業の行か分かりません。": (
        "Code and name of the project are both empty."
    ),
    "{}が当てはまり、1つに決まりません。区別できる列（事業名、施策など）も対応表で"
    "選んでください。": (
        "Several fit: {}. Choose a column in the mapping that tells them apart (project_name, "
        "measure_name …)."
    ),
    "この計画に「{}」という施策はありません。": 'The plan has no measure "{}".',
    "「{}」は「{}」の下にありません（{}）。": '"{}" is not below "{}" ({}).',
    "同じ名称の施策が{}つあり、1つに決まりません（{}）。": (
        "There are {} measures of this name ({})."
    ),
    "この計画に、この{}の事業はありません。": "The plan has no project of this {}.",
    "ほかの列が指す{}と合いません。": "It does not fit what the other columns name: {}.",
    "{}に指標がありません。先に指標を登録してください。": "{} has no indicator. Add it first.",
    "{}の指標ではありません（ある指標：{}）。": "{} has no such indicator (there are: {}).",
    "{}には当てはまる指標が{}つあり、1つに決まりません（{}）。": (
        "{} has {} indicators that fit ({})."
    ),
    "この計画": "This plan",
    "この事業": "This project",
    "この施策": "This measure",
    # Entry workbooks
    "記入するシート（実績値など）がありません。{}": (
        "It has none of the sheets to be filled in. {}"
    ),
    "この照会の入力ブックではありません。{}": "It is no entry workbook of this round. {}",
    "見出しの行が見つかりません。{}": "There is no row of heads. {}",
    "「{}」の列がありません。{}": 'There is no column "{}". {}',
    "「Excelで入力する」の画面からダウンロードしたブックに記入し、.xlsxのまま保存してください。": (
        "Fill in the workbook that you were given and save it as .xlsx."
    ),
    "ファイルを展開できません。パスワードを外して保存し直してください。": (
        "The file cannot be unpacked. Save it without a password."
    ),
    "行が多すぎます（{}行まで）。表の下の空の行を削除してください。": (
        "It has too many rows (more than {}). Delete the empty ones below the table."
    ),
    "セルの結合が多すぎます。結合を解除してください。": "It has too many merged cells.",
    "入力ブックの形式が変わりました。新しくダウンロードしてください。": (
        "The format of entry workbooks has changed. Take a new one."
    ),
    "ほかの照会（{}）の入力ブックです。照会を確かめてください。": (
        "It is the entry workbook of another round ({})."
    ),
    "{}さんがダウンロードしたブックです。あなたの入力として取り込みます。": (
        "{} took this workbook. It is taken over as what you enter."
    ),
    "シート「{}」の非表示の行（{}行目{}）も読みました。": (
        'Hidden rows of the sheet "{}" were read, too ({}{}).'
    ),
    "ブックにない項目が{}件あります（変わりません）。": (
        "{} items are not in the workbook (they stay as they are)."
    ),
    "表よりずっと下に値があります。": "There is a value far below the table.",
    "行の鍵がありません。行の挿入や貼り付けは元に戻してください。": (
        "The row has no key. Undo inserted and pasted rows."
    ),
    "行の鍵が壊れています。ダウンロードし直してください。": (
        "The row's key is broken. Take a new workbook."
    ),
    "同じ項目の行が2つあります（もう1つは{}）。": (
        "Two rows are of the same item (the other one is {})."
    ),
    "ほかのシートの行です。": "It is a row of another sheet.",
    "名称がこの行のもの（「{}」）と違います。一部の列だけを並べ替えたり、"
    "書き換えたりしていませんか。": (
        'The name is not that of the row ("{}"). Were single columns sorted or changed?'
    ),
    "列「{}」がありません。": 'There is no column "{}".',
    "結合されたセルです。結合を解除して入れ直してください。": "The cell is merged with others.",
    "この項目では使わない欄です。空欄にしてください。": (
        "This cell is not used for the item. Leave it empty."
    ),
    "この項目では使わない欄になりました。空欄にしてください。": (
        "This cell is not used for the item any more. Leave it empty."
    ),
    "この項目は照会にありません。ブックをダウンロードし直してください。": (
        "The round has no such item. Take a new workbook."
    ),
    "ほかの照会の項目です。": "It is an item of another round.",
    "この項目は、ほかの部局（{}）が入力します。": "Another department ({}) enters this item.",
    "数式は読み込めません。「値の貼り付け」で値にしてください。": (
        "Formulas are not read. Paste the value instead."
    ),
    "エラーの値です。正しい値を入れてください。": "The cell holds an error.",
    "TRUE・FALSEは読み込めません。": "TRUE and FALSE are not read.",
    "日付として入っています。セルの表示形式を「文字列」にして入れ直してください。": (
        "The cell holds a date. Format it as text and enter it again."
    ),
    "表示形式で千円などの単位に丸めて見せている数値です。"
    "見えているとおりの値を入れ直してください。": (
        "The number's format shows it rounded. Enter the value that is meant."
    ),
    "数値の桁が多すぎます。": "The number has too many digits.",
    "数値として読めません。": "It cannot be read as a number.",
    "「{}」か「{}」を入れてください。": 'Give "{}" or "{}".',
    "確かめた内容が古くなりました。ブックをもう一度確かめてください。": (
        "What you looked at does not hold any more. Look at the workbook again."
    ),
    "この照会で入力する項目はありません。": "There is nothing in this round for you to enter.",
    "あなたの入力する項目ではなくなりました。": "The item is not yours to enter any more.",
    "一度に取り込むには変更が多すぎます。シートを分けて、2回に分けて取り込んでください。": (
        "These are too many changes for one time. Take the sheets over one by one."
    ),
    "「{}」のため編集できません。{}": "It is {}. {}",
    "直すときは、提出を取り下げてください。": "To change it, withdraw what was submitted.",
    "直すときは、所属長か事務局に差戻しを頼んでください。": (
        "To change it, ask the head of the department or the DX office to return it."
    ),
    "確定した値は、事務局が訂正します。": "The DX office corrects what is final.",
    "照会が「{}」のため編集できません。": "The round is {}.",
    "照会が締め切られたため編集できません。": "The round was closed.",
    "{}{}に締め切ったため編集できません。": "The round closed on {} {}.",
    "この値は「{}」のため編集できません。": "The value is {}.",
    "「{}」は計画から削除されています。": '"{}" was deleted from the plan.',
}
