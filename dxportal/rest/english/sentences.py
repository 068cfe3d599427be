"""The English of what the API refuses: Japanese sentence to English, `{}` for what stands in it.

tests/dxportal/test_api_english.py sees to it that each is still said somewhere in the code.
"""

from dxportal.rest.english.of_books import OF_BOOKS
from dxportal.rest.english.of_keeping import OF_KEEPING
from dxportal.rest.english.of_rules import OF_RULES

SENTENCES = {
    # Who may do what
    "権限がありません。": "You are not allowed to do this.",
    "{}を行う権限がありません（必要な権限：{}）。": (
        "{} is not allowed to you (it takes the right: {})."
    ),
    "{}は、このトークンの対象の計画の外です。": "{} is outside the plans of this token.",
    "{}は、このトークンの対象の計画の外にある{}に及びます。": (
        "{} would reach {}, which is outside the plans of this token."
    ),
    "部局の変更を行う権限がありません（必要な権限：管理または取りまとめ）。": (
        "You may not change departments (it takes the right to administer or to manage)."
    ),
    "所属のない利用者への{}を行う権限がありません。": (
        "{} is not allowed for a person without an organization."
    ),
    "「{}」の{}を行う権限がありません。": 'You may not take the step "{1}" with "{0}".',
    "「{}」のやりとりに書き込む権限がありません。": 'You may not write in the discussion of "{}".',
    "「{}」の根拠資料を変更する権限がありません。": 'You may not change the evidence of "{}".',
    "「{}」について入力する権限がありません。": 'You may not enter anything about "{}".',
    "トークンが正しくないか、失効しています。": "The token is wrong, has ended or was revoked.",
    "このトークンは、{}からは使えません。": "This token cannot be used from {}.",
    "このトークンの対象は {} です。": "This token is for: {}.",
    "このトークンは読み取り専用です。": "This token only reads.",
    "サインインして書き込むには、X-CSRFToken ヘッダーに csrftoken の値が必要です。": (
        "To write while signed in, send the value of the cookie csrftoken as X-CSRFToken."
    ),
    "1分に{}回までです。{}秒後に送り直してください。": (
        "{} calls a minute are allowed. Send it again in {} seconds."
    ),
    # What it is that is not allowed
    "「{}」の実績の入力": 'Entering the actual of "{}"',
    "{}の登録": "Adding {}",
    "{}の変更": "Changing {}",
    "{}の削除": "Deleting {}",
    "並べ替え": "Reordering",
    "削除の取消": "Undoing a deletion",
    "計画の編集": "Editing a plan",
    "施策の移動": "Moving a measure",
    "掲載の移動": "Moving a placement",
    "年度照会の作成": "Preparing a round",
    "年度照会の変更": "Changing a round",
    "年度照会の状態の変更": "Moving a round",
    "期限の延長": "An extension",
    "期限の延長の取りやめ": "Ending an extension",
    "訂正": "A correction",
    "報告書の作成": "Asking for a report",
    "報告書の作成の取消": "Cancelling a report",
    "宛先の許可": "Allowing an origin",
    "宛先の許可の取消": "Removing an allowed origin",
    "Webhookの登録": "Adding a webhook",
    "Webhookの変更": "Changing a webhook",
    "署名の鍵の作り直し": "Renewing a secret",
    "Webhookの削除": "Deleting a webhook",
    "Webhookの試し送り": "Testing a webhook",
    "Webhookの再送": "Replaying a webhook",
    # What was asked for
    "このアドレスはありません。": "There is no such address.",
    "アドレスの末尾に / を付けてください。": "Addresses end with a slash (/).",
    "{}がありません。": "There is no such {}.",
    "この番号の行はありません。": "There is no row of this number.",
    "この項目はありません。": "There is no such item.",
    "この項目はなくなりました。": "This item is gone.",
    "この事業はありません。": "There is no such project.",
    "この指標はありません。": "There is no such indicator.",
    "階層{}はありません。": "There is no level {}.",
    "この評価記号はありません（この計画の記号：{}）。": (
        "There is no such mark (those of this plan are: {})."
    ),
    "この計画の施策・事業ではありません。": "This is not a measure or a project of this plan.",
    "ほかの人が先に取り消しました。": "Somebody else took it back first.",
    "この決算はまだありません。": "There is no such settled figure yet.",
    "報告書のファイルがありません。もう一度作成してください。": (
        "The report's file is gone. Ask for the report again."
    ),
    "根拠資料のファイルがありません。": "The file of the evidence is gone.",
    # Parameters
    "このパラメーターはありません。": "There is no such parameter.",
    "使えるのは {} です。": "Known are: {}.",
    "ここではパラメーターを使えません。": "This address takes no parameters.",
    "同じパラメーターが2回以上あります。": "The parameter is given more than once.",
    "値が空です。絞り込まないときは、パラメーターごと省いてください。": (
        "The value is empty. Leave the parameter out to filter by nothing."
    ),
    "{} と一緒に指定してください。": "Give it together with {}.",
    "true か false を指定してください。": "Say true or false.",
    "1から{}までの整数です。": "It is a whole number from 1 to {}.",
    "1以上の整数です。": "It is a whole number of 1 or more.",
    "{}ページはありません。": "There is no page {}.",
    "このカーソルは使えません。`next` のアドレスを、条件を変えずにそのまま使ってください。": (
        "This cursor cannot be used. Follow `next` as it is, with the same conditions."
    ),
    "{} か {} を指定してください。": "Say {} or {}.",
    "cursor と一緒に {} は使えません。": "{} cannot be used together with cursor.",
    "カーソルで進むときは使えません。": "It cannot be used with cursor paging.",
    "「{}」は指定できません。指定できるのは {} です。": '"{}" cannot be given. Known are: {}.',
    "同じ名前が2回以上あります。": "The same name is given more than once.",
    "{} を指定してください。": "Say {}.",
    "すべての行を1度に返すので使えません。": "It cannot be used where all rows are given at once.",
    "CSVでは使えません。ndjsonを使ってください。": "It cannot be used with CSV. Use ndjson.",
    "前の応答の position を指定してください。": "Give the position of the answer before.",
    "この位置はまだありません。はじめから読み直してください。": (
        "There is no such position yet. Read again from the beginning."
    ),
    "この位置から後の変更は、もう残っていません。すべてを読み直してください。": (
        "The changes since then are not kept any more. Read everything again."
    ),
    # Bodies, versions, keys
    "本文をJSONとして読み取れません（{}）。": "The body cannot be read as JSON ({}).",
    "この項目はありません。書き込めるのは {} です。": "There is no such field. Known are: {}.",
    "この項目は変更できません。": "This field cannot be changed.",
    "{}は、このAPIからは変更できません。": "{} cannot be changed over this API.",
    "読み取ったときの版（整数）を指定してください。": (
        "Give the version (a whole number) that you have read."
    ),
    "この呼び出しでは If-Match を使えません。": "This call does not take If-Match.",
    '読み取ったときの ETag を1つ、そのまま送ってください（例："3"）。': (
        'Send one ETag as you have read it (such as "3").'
    ),
    "If-Match の版と違います。どちらか1つを送ってください。": (
        "It differs from the version in If-Match. Send one of the two."
    ),
    "新しく作るときはnullです。直すときはPATCHを使ってください。": (
        "It is null where something new is made. Use PATCH to change what there is."
    ),
    "この値は、ほかの人が先に変更しました。": "Somebody else changed this value first.",
    "この項目は、ほかの人が先に変更しました。": "Somebody else changed this item first.",
    "{}（いまの版：{}）": "{} (Its version is now {}.)",
    "ほかの人が先に動かしました。": "Somebody else moved it first.",
    "同じ Idempotency-Key の書き込みを処理しています。少し待って送り直してください。": (
        "The write with this Idempotency-Key is being done. Wait a little and send it again."
    ),
    "この Idempotency-Key は、別の内容の書き込みに使われました。": (
        "This Idempotency-Key was used for another write."
    ),
    "空白のない半角英数記号で、1〜200文字にしてください。": (
        "Use 1 to 200 printable ASCII characters without blanks."
    ),
    "応答に鍵が入るため、この呼び出しでは Idempotency-Key を使えません。": (
        "This call does not take an Idempotency-Key, because its answer has a secret."
    ),
    "本文は{}MBまでです。分けて送ってください。": "A body may have {} MB. Send it in parts.",
    "{}行を書き込めないため、何も書き込んでいません。": (
        "{} rows cannot be written, so nothing was written."
    ),
    "同じ対象の行が、この前（{}）にもあります。": "A row before ({}) is about the same.",
    # Figures
    '小数は、けたが失われないように文字列で送ってください（例："12.3"）。': (
        'Send decimals as text, so that no digit is lost (such as "12.3").'
    ),
    '小数は文字列で送ってください（例："12.3"）。': 'Send decimals as text (such as "12.3").',
    '数値は文字列で送ってください（例："1234"）。': 'Send numbers as text (such as "1234").',
    "使えない文字があります。": "There are characters that cannot be used.",
    "{}文字までです。": "It may have {} characters.",
    "「{}」には端数があります。整数で入れてください。": '"{}" is not a whole number.',
    "小数点以下は{}桁までです。": "It may have {} decimal places.",
    "「{}」は大きすぎて保存できません。": '"{}" is too large to be stored.',
    "数値ではありません。": "It is not a number.",
    "「{}」は数値ではありません。{}": '"{}" is not a number. {}',
    "まだ数値がないときは、値の状態で「未集計」を選んでください。": (
        "Where there is no number yet, use the status not_yet."
    ),
    "該当しないときは、値の状態で「該当なし」を選んでください。": (
        "Where it does not apply, use the status not_applicable."
    ),
    "該当しないときは「該当なし」、0のときは 0 と入れてください。": (
        "Use the status not_applicable where it does not apply, and 0 for zero."
    ),
    "まだ数値がないときは空欄のままにし、事情はコメントに書いてください。": (
        "Where there is no number yet, leave it empty, and say why in the note."
    ),
    "該当しないときは空欄のまま、0のときは 0 と入れてください。": (
        "Leave it empty where it does not apply, and use 0 for zero."
    ),
    "数値がないときは、空欄のままにしてください。": "Where there is no number, leave it empty.",
    "数値がないときは、値の状態（該当なし・未集計など）を選んでください。": (
        "Where there is no number, use a status (not_applicable, not_yet and so on)."
    ),
    "「{}」は正確な値として読めません。数値だけを入れ、補足はコメントに書いてください。": (
        '"{}" cannot be read exactly. Send the number alone, and the rest as the note.'
    ),
    "「{}」は％ですが、ここの単位は「{}」です。": (
        '"{}" is a percentage, but the unit here is "{}".'
    ),
    "「{}」は数値として読めません。例：1,234　12.5　▲3": (
        '"{}" cannot be read as a number. Examples: 1,234  12.5  ▲3'
    ),
    "「{}」は金額ですが、ここの単位は「{}」です。": (
        '"{}" is an amount of money, but the unit here is "{}".'
    ),
    "「{}」は金額として読めません。例：23億2,559万4千円": (
        '"{}" cannot be read as an amount of money. Example: 23億2,559万4千円'
    ),
    "「報告済」以外の状態には数値を入れられません。": (
        "A number goes with the status reported alone."
    ),
    "「報告済」には数値が必要です。": "The status reported needs a number.",
    "「報告済」には数値（または文字の実績）が必要です。": (
        "The status reported needs a number, or a text for an indicator in words."
    ),
    "値の状態が「{}」のときは、数値を空欄にしてください。": (
        "With the status {}, leave the number empty."
    ),
    "分子と分母は両方とも入れてください。": "Give both the numerator and the denominator.",
    "分母に0は入れられません。": "The denominator cannot be 0.",
    "分子÷分母は{}%です。入力された「{}」と合いません。": (
        'The numerator by the denominator is {} %, which does not fit "{}".'
    ),
    "indicator か indicator_key のどちらか1つを指定してください。": (
        "Give one of indicator and indicator_key."
    ),
    "project か project_key のどちらか1つを指定してください。": (
        "Give one of project and project_key."
    ),
    "金額は円の整数（JSONの数値）で送ってください。": (
        "Send amounts as whole yen (a JSON number)."
    ),
    "金額を入れてください。0円のときは 0 と入れます。": "Give an amount; 0 for zero yen.",
    "段階は決算見込か決算にしてください。": "The stage is forecast or settled.",
    "財源内訳は5つすべてに入れてください（ないものは0）。": (
        "Give all five funding sources (0 where there is none)."
    ),
    "財源内訳があるときは金額も入れてください。": (
        "Where there are funding sources there must be an amount."
    ),
    "財源内訳の合計が金額と一致しません。": "The funding sources do not sum to the amount.",
    "マイナスの金額は補正と流用・予備費だけに入れられます。": (
        "Only a supplementary budget and a transfer may be negative."
    ),
    "ゼロ予算の事業に金額は入れられません。": "A zero-budget project has no amount.",
    "号数は補正にだけ、1以上で入れてください。": (
        "A number (1 or more) goes with a supplementary budget, and with nothing else."
    ),
    "「{}」は年度として読めません。例：2024、R6、令和6年度": (
        '"{}" cannot be read as a fiscal year. Examples: 2024, R6'
    ),
    "「{}」は扱える年度（1926～2117）の外です。": '"{}" is outside the fiscal years 1926 to 2117.',
    # Rounds
    "{}の値は「{}」で{}済みのため変更できません。": (
        'The values of {} cannot be changed: their round in "{}" is {}.'
    ),
    "この値は「{}」のため変更できません。": "This value cannot be changed: it is {}.",
    "{}の値は確定しているため、その目標は変更できません。": (
        "The values of {} are final, so its target cannot be changed."
    ),
    "{}の照会はまだ作られていません。": "There is no round of {} yet.",
    "{}の入力は{} {}に締め切りました。": "Entry for {} closed on {} at {}.",
    "{}の照会は「{}」のため入力できません。": "The round of {} is {}: nothing can be entered.",
    "この値は、ほかの人が先に取り消しました。画面を読み直してください。": (
        "Somebody else took this value back first. Read it again."
    ),
    "「{}」は「{}」のため、{}はできません。": '"{}" is {}: the step "{}" cannot be taken.',
    "照会が「{}」のため、変更できません。": "The round is {}: nothing can be changed.",
    "入力の期限を過ぎているため、変更できません。": "The time for entering is over.",
    "{}の理由を書いてください。": "Give a reason ({}).",
    "「{}」は自分で入力・提出したため、承認できません。": (
        'You entered or submitted "{}" yourself, so somebody else has to approve it.'
    ),
    "提出する項目がありません。": "There is nothing to submit.",
    "取り下げられる提出はありません。": "There is nothing submitted that could be withdrawn.",
    "警告の理由をコメントに書いてから提出してください。": (
        "Write a note on what is unusual before you submit."
    ),
    "照会が「{}」のため、期限を延長できません。": "The round is {}: it cannot be extended.",
    "延長後の期限は、これからの日時にしてください。": "The extension must end in the future.",
    "訂正の理由を書いてください。": "Give the reason of the correction.",
    "（中間）": " (interim)",
    "{}{}は確定していないため、訂正ではなく入力で変更してください。": (
        "{}{} is not final: enter the value instead of correcting it."
    ),
    "照会が「{}」のため、期限や内容を変更できません。": (
        "The round is {}: its times and contents cannot be changed."
    ),
    "この計画の階層を選んでください。": "Choose a level of this plan.",
    "「{}」から「{}」へは変更できません。": "It cannot go from {} to {}.",
    "前の状態に戻すときは理由を書いてください。": "Give a reason for going back.",
    "承認されていない項目が{}件あります。このまま確定するときは理由を書いてください。": (
        "{} items are not approved. To settle the round all the same, give a reason."
    ),
    "「{}」は旧版です。{}からの照会は、改定後の「{}」で作成してください。": (
        '"{}" was revised. From {} on, rounds belong to "{}".'
    ),
    "内容を書いてください。": "Write something.",
    "{}年から{}年までの日時にしてください。": "The time must lie in the years {} to {}.",
    "入力期限は入力開始より後にしてください。": "Entry must close after it opens.",
    "猶予期限は入力期限以後にしてください。": "The grace must end at the close of entry or later.",
    "根拠資料は1つの項目に{}件までです。": "An item may have {} pieces of evidence.",
    "施策か事業のどちらか1つを指定してください。": "Give one of measure and project.",
    "評価の内容を1つ以上入れてください。": "Give at least one text or mark of the review.",
    # Editing a plan
    "「{}」は旧版のため変更できません。改定後の計画を変更してください。": (
        '"{}" was revised and cannot be changed. Change the plan that followed it.'
    ),
    "「{}」は{}で使われているため削除できません。先にそちらを変えるか削除してください。": (
        '"{}" is used by {} and cannot be deleted. Change or delete those first.'
    ),
    "「{}」には{}の記録があるため削除できません。": (
        '"{}" has records ({}) and cannot be deleted.'
    ),
    "この削除は、すでに元に戻されています。": "This deletion was undone already.",
    "「{}」は元に戻せません。削除のあとで、同じ識別子の行ができたか、"
    "上位の行がなくなっています。": (
        '"{}" cannot be put back: there is a new row of the same key, or its parent is gone.'
    ),
    "終了年度は開始年度以後にしてください。": "The last fiscal year must not be before the first.",
    "期は計画の期間の中に置いてください。": "The phase must lie within the plan's fiscal years.",
    "期は同じ計画のものを選んでください。": "Choose a phase of the same plan.",
    "階層は同じ計画のものを選んでください。": "Choose a level of the same plan.",
    "上位の施策は同じ計画のものを選んでください。": "Choose a parent measure of the same plan.",
    "上位の施策は上の階層のものを選んでください。": "Choose a parent measure of a level above.",
    "施策は同じ計画のものを選んでください。": "Choose a measure of the same plan.",
    "事業は計画と同じ団体のものを選んでください。": (
        "Choose a project of the plan's organization."
    ),
    "指標は計画と同じ団体のものにしてください。": (
        "Choose an indicator of the plan's organization."
    ),
    "所管課は同じ団体のものにしてください。": "Choose a department of the same organization.",
    "タグは同じ団体のものを選んでください。": "Choose a tag of the same organization.",
    "主たる掲載は再掲にできません。": "A primary placement cannot be a repetition.",
    "主たる掲載は1か所必要です。ほかの掲載を開いて、そちらを主たる掲載にしてください。": (
        "One placement must be primary. Make another one the primary placement instead."
    ),
    "予定・実績・表記のどれかを入れてください。": "Give at least one of planned, actual and text.",
    "目標の数値か表記を入れてください。": "Give the target's value or its text.",
    "基準値からの達成率には、基準値の数値が必要です。": (
        "Achievement from a baseline needs the baseline's value."
    ),
    "数年ごとの測定には起点の年度が必要です。": (
        "An indicator that is measured every few years needs its first fiscal year."
    ),
    "「{}」は、ほかの人が削除しました。": 'Somebody else deleted "{}".',
    "移動先の「{}」は、ほかの人が削除しました。": 'Somebody else deleted the new parent "{}".',
    "ほかの計画の施策の下には移せません。": "It cannot be moved under a measure of another plan.",
    "「{}」は、それ自身やその下位の施策の下には移せません。": (
        '"{}" cannot be moved under itself or what is below it.'
    ),
    "「{}」は「{}」より下の階層ではありません。": 'The level "{}" is not below "{}".',
    "「{}」より下の階層がありません。先に階層を登録してください。": (
        'There is no level below "{}". Add one first.'
    ),
    "この計画には階層がありません。先に階層を登録してください。": (
        "This plan has no levels. Add one first."
    ),
    "置ける階層が複数あります。階層を選んでください。": "Several levels are possible. Choose one.",
    "「{}」には、「{}」がすでに掲載されています。": '"{1}" is placed under "{0}" already.',
    # Reports
    "計画の期間（{}～{}）の年度を選んでください。": (
        "Choose a fiscal year of the plan ({} to {})."
    ),
    "形式は次のうちから選んでください：{}": "Choose one of these formats: {}",
    "この作成はすでに「{}」です。": "This job is {} already.",
    # Tokens
    "「{}」はIPアドレスまたは範囲（例：10.1.2.0/24）ではありません。": (
        '"{}" is no IP address or range (such as 10.1.2.0/24).'
    ),
    "このトークンはすでに終わっています。": "This token has ended already.",
    "このトークンはすでに更新されています。新しいほうを更新してください。": (
        "This token was renewed already. Renew the newer one."
    ),
    "有効期限は、これからの日時にしてください。": "The end must lie in the future.",
    "利用を止めた利用者にはトークンを発行できません。": (
        "No token can be issued for a person who is no longer active."
    ),
    "「{}」という対象はありません。": 'There is no resource "{}".',
    "{}には{}での役割がありません。": "{} has no role in {}.",
    "トークンで呼んだときだけ、そのトークンについて使えます。": (
        "Only a token can ask about itself: call with one."
    ),
    # What an office keeps for its work
    "ひな形の編集": "Editing a report template",
    "列の対応表の変更": "Changing a column mapping",
    "計画ブックの取込": "Taking over a plan book",
    "画面の保存": "Saving a view",
    "保存した画面の変更": "Changing a saved view",
    "このひな形は、選んだ計画では使えません。": "This template cannot be used for that plan.",
    "選んだ団体の計画を選んでください。": "Choose a plan of that organization.",
    "章を1つ以上入れてください。": "Give at least one section.",
    "「{}」という章はありません。": 'There is no section "{}".',
    "「{}」が2回入っています。1つにしてください。": 'The section "{}" is given twice.',
    "「{}」の選択肢に「{}」はありません。": 'The section "{}" has no option "{}".',
    "同じ名称のひな形があります。": "There is a template of this name.",
    "同じ名称の対応表があります。": "There is a column mapping of this name.",
    "年度を入れてください。": "Give the fiscal year.",
    "列「{}」と同じ意味です。どちらかを変えてください。": (
        'It means the same as the column "{}". Change one of them.'
    ),
    "事業の値です。事業の番号か事業名の列も選んでください。": (
        "It is a value of projects: there must be a column with their code or name, too."
    ),
    "同じ見出しの列が2つあります。": "There are two columns of this head.",
    "行を見分ける列（事業の番号、事業名、施策の名称、指標名など）を1つ以上選んでください。": (
        "At least one column must say what a row is about (project_name, indicator_name …)."
    ),
    "取り込む値の列（目標値、実績値、スケジュールなど）を1つ以上選んでください。": (
        "At least one column must hold values to take over (target, actual …)."
    ),
    "予算の列には、段階（補正は号も）と単位を指定してください。": (
        "A column of amounts needs stage (and number, if supplementary) and unit."
    ),
    "団体に属する利用者だけが画面を保存できます。": (
        "Only who belongs to an organization can save views."
    ),
    "計画を限ったトークンでは、画面を保存できません。": (
        "A token that is limited to plans cannot save views."
    ),
    "保存できるのは、このポータルの画面だけです。": "Only pages of this portal can be saved.",
    "この画面は見つかりません。": "There is no such page.",
    "保存できるのは、ダッシュボード・一覧・予算・検索の画面です。": (
        "Only the dashboard, lists, budgets and the search can be saved."
    ),
    "名称を入れてください。": "Give a name.",
    "同じ名称で保存した画面があります。": "There is a saved view of this name.",
    "保存できるのは{}件までです。": "{} views can be saved at most.",
    "保存した画面を変えられるのは、保存した人だけです。": "Only who saved a view can change it.",
    # Reorganising departments
    "組織改編": "Reorganising departments",
    "department か name の、どちらか1つを指定してください。": "Give one of department and name.",
    "1900年1月1日以後の日付にしてください。": "The day must be 1900-01-01 or later.",
    "2199年12月31日以前の日付にしてください。": "The day must be 2199-12-31 or earlier.",
    "dry_run で確かめた seen を指定してください。": (
        "Give the seen of the dry_run that you looked at."
    ),
    "引き継ぐ項目にないか、引継ぎ先の順番が違います。": (
        "It is not among the items that are asked about, or there is no such successor."
    ),
    "引き継ぐ役割にないか、引継ぎ先の順番が違います。": (
        "It is not among the roles that are asked about, or there is no such successor."
    ),
    "確認のあとで、引き継ぐものが変わりました。もう一度確認してください。": (
        "What is handed over has changed since you looked. Look at it again."
    ),
    "旧部局と新部局の組を1つ以上選んでください。": "Give at least one move.",
    "ほかの団体の部局は選べません。": "Departments of other organizations cannot be chosen.",
    "「{}」の引継ぎ先が重なっています。": 'The successors of "{}" are given twice.',
    "「{}」の新部局を選んでください。": 'Give the successors of "{}".',
    "「{}」は{}に廃止されています。": '"{}" ended on {}.',
    "「{}」は{}に設置されるため、それより後の日を選んでください。": (
        '"{}" begins on {}: choose a later day.'
    ),
    "「{}」と同じ名前です。引継ぎ先の一覧から選ぶか、別の名前にしてください。": (
        'It is the name of "{}". Name that department by its number, or give another name.'
    ),
    "「{}」は同じ改編でなくなるため、引継ぎ先にできません。": (
        '"{}" ends in the same reorganisation, so it can take nothing over.'
    ),
    "引継ぎ先の「{}」は{}に廃止されています。": 'The successor "{}" ended on {}.',
    "引継ぎ先の「{}」は{}に設置されます。": 'The successor "{}" begins on {}.',
    "引継ぎ先の選び方が正しくありません。もう一度選んでください。": (
        "There is no such successor. Choose again."
    ),
    "役割の引継ぎ先が正しくありません。もう一度選んでください。": (
        "There is no such successor for a role. Choose again."
    ),
    # Webhooks
    "宛先は、https://ホスト名（:ポート）までを書いてください。": (
        "Give an origin: https://host, or https://host:port."
    ),
    "URLに空白や使えない文字があります。": "The URL has blanks or characters that cannot be used.",
    "URLを読み取れません。": "The URL cannot be read.",
    "URLに利用者名やパスワードを書くことはできません。": (
        "A URL must not have a user name or a password."
    ),
    "URLに # より後ろを書くことはできません。": "A URL must not have a fragment (#).",
    "{} で始めてください。": "It has to start with {}.",
    "ホスト名を読み取れません。": "The host name cannot be read.",
    "ホスト名がありません。": "There is no host name.",
    "IPアドレスの範囲として読み取れません：{}": "These are no IP ranges: {}",
    "この宛先は、すでに許可されています。": "This origin is allowed already.",
    "宛先 {} は許可されていません。先に「許可する宛先」に加えてください。": (
        "The origin {} is not allowed. Add it to the allowed origins first."
    ),
    "次のうちから選んでください：{}": "Choose among these: {}",
    "同じ名称のWebhookがあります。": "There is a webhook of this name.",
    "このWebhookは停止中です。再開してから送り直してください。": (
        "This webhook is stopped. Start it again before you replay."
    ),
    "このWebhookは停止中です。再開してから試してください。": (
        "This webhook is stopped. Start it again before you test it."
    ),
    "いま送っているところです。少し待ってください。": "It is being sent. Wait a little.",
    **OF_BOOKS,
    **OF_KEEPING,
    **OF_RULES,
}
