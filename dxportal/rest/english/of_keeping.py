"""More sentences: of evidence, departments, plan books, revisions, and what is made public."""

OF_KEEPING = {
    # Evidence
    "「{}」は添付できない種類のファイルです。添付できるのは{}です。": (
        '"{}" is a kind of file that cannot be added. Those that can: {}.'
    ),
    "「{}」は空のファイルです。": 'The file "{}" is empty.',
    "「{}」は大きすぎます。1つ{}MBまでです。": '"{}" is too large. A file may have {} MB.',
    "「{}」の中身が、名前の拡張子（{}）と合いません。壊れているか、別の種類のファイルです。": (
        'The content of "{}" does not fit its extension ({}): it is damaged or of another kind.'
    ),
    "「{}」と同じ内容のファイルが、すでに添付されています。": (
        'A file with the same content as "{}" is there already.'
    ),
    # Tokens
    "古いトークンの終わりは、これからの日時にしてください。": (
        "The end of the older token must lie in the future."
    ),
    # Departments
    "「{}」は、同じ上位の部局の下にすでにあります。": (
        'There is a department "{}" under the same parent already.'
    ),
    "廃止日は設置日より後の日付にしてください。": "The last day must be after the first.",
    "下に部局（{}）があるため廃止できません。先にそちらを移すか廃止してください。": (
        "It cannot end: there are departments below it ({}). Move or end those first."
    ),
    "その部局自身や、その下の部局を、上位の部局にすることはできません。": (
        "A department cannot stand under itself or under one below it."
    ),
    # Plan books
    "ほかの団体のブックは取り込めません（{}）。": ("It is the book of another organization ({})."),
    "選んだ計画「{}」（識別子 {}）のブックではありません。": (
        'It is not the book of the plan "{}" (key {}).'
    ),
    "この識別子の計画はすでにあります。取込先にその計画を選んでください。": (
        "There is a plan of this key already. Name it as plan."
    ),
    "この計画ブックは、すでに「{}」です。": "This plan book is {} already.",
    "計画と対応表は、同じ団体のものを選んでください。": (
        "Choose a plan and a mapping of the same organization."
    ),
    "対応表で読むときは、取込先の計画を選んでください。": "With a mapping, name the plan.",
    "ファイルは{}MBまでです。": "A file may have {} MB.",
    # Revisions and the tree
    "「{}」は旧版のため改定できません。いま有効な版を改定してください。": (
        '"{}" was revised already. Revise the edition that is in force.'
    ),
    "計画の期間の年度（{}）にしてください。": "It must be a fiscal year of the plan ({}).",
    "期「{}」が{}まであります。改定案を作ったあとで、期を変えてから、"
    "計画の終了年度を変えてください。": (
        'The phase "{}" goes on to {}. Make the draft, change the phase, then the last year.'
    ),
    "「{}」に、この年度以後の照会があります：{}。改定後の年度の照会は改定後の計画で"
    "行うので、適用を始める年度を、これより後にしてください。": (
        '"{}" has rounds of this year or later: {}. Let the new edition begin after them.'
    ),
    "「{}」は案ではありません（状態：{}）。": '"{}" is no draft (it is {}).',
    "施策がまだ1つもありません。": "There are no measures yet.",
    "改定前の「{}」は、すでにほかの改定によって旧版になっています。": (
        '"{}" was revised by another draft already.'
    ),
    "適用を始める年度が決まっていません。計画の設定で決めてください。": (
        "The year from which it applies is not set."
    ),
    "「{}」の階層「{}」より下の階層がこの計画にないため、その下には移せません。": (
        'There is no level below that of "{}" ({}), so nothing can be moved under it.'
    ),
    "一緒に移る「{}」（{}）が入る階層がないため、移せません。この計画の階層は「{}」までです。": (
        'There is no level for "{}" ({}), which moves along: the lowest of the plan is "{}".'
    ),
    "改定できるのは現行の目標だけです。": "Only the target in force can be revised.",
    # What is made public
    "できあがった報告書だけを公表できます。": "Only a report that is done can be published.",
    "ファイルの内容が作成時と違うため、公表できません。": (
        "The file is not what was built, so it cannot be published."
    ),
    "表題を入れてください。": "Give a title.",
    "この年度の照会は確定していません。このまま公表するときは、"
    "確かめたうえで印を付けてください。": (
        "The round of this year is not settled. To publish all the same, confirm it."
    ),
    "この報告書は、すでに公表されています。": "This report is published already.",
    "取下げの理由を入れてください。": "Give the reason of the withdrawal.",
    "この報告書は、すでに取り下げられています。": "This report is withdrawn already.",
    "案の計画は公開できません。施行してから公開してください。": (
        "A draft cannot be made public. Put it into force first."
    ),
    "識別子「{}」は公開ページのアドレスに使えません。"
    "空白や / ? # % を含まないものに変えてください。": (
        'The key "{}" cannot stand in an address: use one without blanks and / ? # %.'
    ),
    "公開を取りやめる理由を書いてください。": "Give the reason why it is withdrawn.",
    "この版はありません。": "There is no such version.",
    "この版は、すでに取り下げられています。": "This version is withdrawn already.",
    "取り下げる理由を書いてください。": "Give the reason of the withdrawal.",
    "この計画は公開されていません。": "This plan is not public.",
}
