"""More sentences: the rules that rows keep by themselves."""

OF_RULES = {
    # Many rows at once
    "同じ対象の行が、この前にもあります。": "There is a row of the same thing before this one.",
    "同じ対象の行が、この前（{}）にもあります。": (
        "There is a row of the same thing before this one ({})."
    ),
    "同じ指標・年度の値が、この前にもあります。": (
        "There is a value of the same indicator and year before this one."
    ),
    "同じ事業・年度・段階の金額が、この前にもあります。": (
        "There is an amount of the same project, year and stage before this one."
    ),
    "この行はありません。": "There is no such row.",
    "この行はまだありません。": "There is no such row yet.",
    "この年度の行はまだありません。": "There is no row of this year yet.",
    "この項目は必須です。": "This field is required.",
    # Fiscal years
    "{}年度は昭和元年（1926年）より前です。": "The year {} lies before 1926.",
    "「{}」は元号と西暦が合いません（{}は{}年度）。": (
        'Era and year of "{}" do not agree ({} is {}).'
    ),
    "「{}」の年は1（元）から始まります。": 'The years of "{}" begin with 1.',
    # Rounds
    "差戻しには理由が必要です。": "A return needs a reason.",
    "提出した本人は承認できません。": "Nobody approves what they submitted themselves.",
    "入力・提出した本人は承認できません。": (
        "Nobody approves what they entered or submitted themselves."
    ),
    "部局は計画の団体のものにしてください。": "Choose a department of the plan's organization.",
    "この項目は入力できません。": "Nothing can be entered here.",
    "値の状態を選んでください。": "Choose the status of the value.",
    "評価記号を一覧から選んでください。": "Choose one of the plan's marks.",
    "1円より細かい金額は入れられません。": "An amount has no fractions of a yen.",
    "金額の桁が多すぎます。": "The amount has too many digits.",
    # Plans, projects, indicators
    "注は施策か本文のどちらか1つに置きます。": "A note stands at one of measure and section.",
    "同じ計画のものを選んでください。": "Choose one of the same plan.",
    "相手の施策には、相手の計画の識別子が必要です。": (
        "A measure of another plan needs the key of that plan."
    ),
    "改定した計画は、計画のページの「施行する」で有効にしてください。": (
        "A revision is put into force by its own act (put-into-force)."
    ),
    "タグの名称を入れてください。": "Give the name of the tag.",
    "この識別子は、ほかのタグ体系で使われています。": "Another tag scheme has this key.",
    "タグは事業と同じ団体のものを選んでください。": ("Choose a tag of the project's organization."),
    "タグは計画と同じ団体のものを選んでください。": "Choose a tag of the plan's organization.",
    "所管課は事業と同じ団体のものにしてください。": (
        "Choose a department of the project's organization."
    ),
    "承継は同じ団体の事業の間に限ります。": (
        "A project is succeeded by one of the same organization."
    ),
    "主たる掲載は1つの計画に1か所だけです。ほかは再掲にしてください。": (
        "A plan has one primary placement of a project. Make the others repetitions."
    ),
    "「{}」の主たる掲載は削除できません。「{}」にも掲載されているので、先にそちらを主たる"
    "掲載にするか、そちらの掲載を削除してください。": (
        'The primary placement of "{}" cannot be deleted: it stands under "{}", too. Make that '
        "one the primary placement, or delete it first."
    ),
    "開始年度か時期の表記を入れてください。": "Give the first fiscal year or the label.",
    "指標の利用は施策か事業のどちらか1つに置きます。": (
        "An indicator is used by one of measure and project."
    ),
    "施策か事業のどちらか1つを選んでください。": "Choose one of measure and project.",
    # Organizations and people
    "全国地方公共団体コードは半角数字6桁です（例：422029）。": (
        "The code of an organization has six ASCII digits, such as 422029."
    ),
    "検査数字が合いません。{} の6桁目は {} のはずです。": (
        "The check digit is wrong: the sixth digit of {} should be {}."
    ),
    "上位の部局は同じ団体のものを選んでください。": (
        "Choose a parent department of the same organization."
    ),
    "承継は同じ団体の部局の間に限ります。": (
        "A department is succeeded by one of the same organization."
    ),
    "部局は選んだ団体のものにしてください。": "Choose a department of that organization.",
    "この庁内認証の識別子は、ほかの利用者に使われています。": (
        "Another person has this external identifier."
    ),
    # Parameters of single calls
    "{} か {}_key のどちらか1つを指定してください。": "Give one of {} and {}_key.",
    "{} のどれか1つを指定してください。": "Give one of {}.",
    "with か、from と to のどちらかを指定してください。": "Give either with, or from and to.",
    "計画の期間の年度を指定してください。": "Give a fiscal year of the plan.",
    "番号か年度を、整数で指定してください。": "Give a number or a year as a whole number.",
    "1〜{}文字の言葉を指定してください。": "Give a word of 1 to {} characters.",
    "{} のどれかを指定してください。": "Give any of {}.",
    "公表した報告書のファイルがありません。": "The file of the published report is gone.",
    "この計画は公開していません。": "This plan is not public.",
}
