"""Phrases of assistants: refusals, and what stands before and after a text that was asked for.

Regular expressions for Python's `re` and for polars alike; case is ignored. A model refuses in the
language that it is asked in or in English, so those of every built-in language are looked for.
"""

PRODUCE = (
    r"(?:assist|help (?:you|with|in|by|write)|fulfil?l|comply|provide|generate|create|produce|"
    r"continue with|write|answer|engage|support|discuss|do that|do this)\b"
)
REFUSALS = (
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b",
    r"\bi(?:'m| am) (?:just |only )?an? (?:ai|artificial intelligence|(?:large )?language model)\b",
    r"^\W*(?:i'm |i am )?(?:(?:very |so |truly )?sorry|i apologi[sz]e|my apologies)\b.{0,40}"
    rf"\b(?:can(?:'t|not)|unable to|not able to|won't) (?:\w+ ){{0,2}}{PRODUCE}",
    r"^\W*(?:unfortunately,? )?i(?: can(?:'t|not)(?: and (?:won't|will not))?|"
    r" won't(?: be able to)?|(?: am|'m) (?:unable|not able) to) "
    r"(?:assist|help (?:you|with|in|by|write)|fulfil?l|comply|provide|generate|create|produce|"
    r"write (?:an?|the|this|that))\b",
    r"^\W*(?:unfortunately,? )?i(?: must| have to|'ll have to) (?:respectfully |politely )?"
    r"(?:decline|refuse)\b",
    r"^\W*i(?: am|'m) not comfortable (?:writ|creat|generat|provid|produc|with th)",
    r"^\W*i(?:'d| would) (?:rather not|prefer not to) (?:write|create|generate|provide|produce)\b",
    r"^\W*(?:sorry|unfortunately)\b.{0,20}\bnot something (?:that )?i can "
    r"(?:help|write|do|assist)\b",
    r"^\W*(?:this|that|your|the) (?:request|prompt)\b.{0,40}\b(?:violat|against)\w*.{0,60}"
    r"\b(?:polic|guideline)",
    r"\bagainst my (?:programming|guidelines)\b",
    r"\bals (?:eine? )?(?:ki|künstliche intelligenz|(?:ki-?)?sprachmodell|ki-assistent(?:in)?)\b",
    r"\bich bin (?:nur |lediglich )?eine? (?:ki|künstliche intelligenz|(?:ki-?)?sprachmodell)\b",
    r"^\W*(?:es )?tut mir leid\b.{0,40}\b(?:kann|darf)\b.{0,60}\b(?:nicht|keine?n?)\b.{0,40}"
    r"\b(?:helfen|erstellen|schreiben|erfüllen|generieren|nachkommen|beantworten|erzeugen)\b",
    r"^\W*(?:leider kann ich|ich kann)\b.{0,30}\b(?:nicht|keine?n?)\b.{0,30}"
    r"\b(?:helfen|generieren|erzeugen|nachkommen)\W*$",
    r"\ben tant qu(?:'|e )(?:ia|intelligence artificielle|(?:grand )?modèle de langage)\b",
    r"\bje (?:ne )?suis (?:qu')?une? (?:ia|intelligence artificielle|modèle de langage)\b",
    r"^\W*(?:je suis |vraiment )*(?:désolée?|navrée?)\b.{0,40}"
    r"\bje ne (?:peux|suis) pas (?:\w+ ){0,4}"
    r"(?:\w')?(?:aider|créer|écrire|générer|fournir|répondre|produire|rédiger)\b",
    r"^\W*je ne (?:peux|suis) (?:malheureusement )?pas .{0,40}"
    r"\b(?:cette|ce) (?:demande|contenu|requête)\b",
    r"\bcomo (?:una? )?(?:ia|inteligencia artificial|(?:gran )?modelo de lenguaje)\b",
    r"\bsoy (?:solo )?una? (?:ia|inteligencia artificial|modelo de lenguaje)\b",
    r"^\W*lo (?:siento|lamento)\b.{0,40}\bno puedo (?:\w+ ){0,2}"
    r"(?:ayudar|crear|escribir|generar|proporcionar|producir|cumplir|responder|redactar)",
    r"^\W*no puedo (?:ayudar(?:te|le)? con es[aot]|(?:crear|generar|cumplir|escribir) es[aeto])",
    r"(?:作为|我(?:只)?是)(?:一个|一名|一款|一种)?(?:ai|人工智能|大?型?语言模型)",
    r"^\W*(?:很|非常|十分)?(?:抱歉|对不起|不好意思).{0,20}(?:无法|不能|没办法)(?:为您|为你|帮您|帮你|按)?"
    r"(?:提供|生成|创建|撰写|编写|满足|协助|回答|写|帮助|完成)",
    r"^\W*我(?:无法|不能)(?:为您|为你|帮您|帮你)?(?:提供|生成|创建|撰写|编写|满足|协助)",
    r"(?:بصفتي|باعتباري|أنا(?: مجرد| فقط)?) (?:نموذج|مساعد|برنامج)(?:ا|ًا)? (?:لغوي|ذكاء|ذكي)",
    r"(?:بصفتي|باعتباري|أنا(?: مجرد| فقط)?) ذكاء(?:ا|ً)? اصطناعي",
    r"^\W*(?:عذر[اًٌ]*|معذرة|آسفة?|أنا آسفة?|أعتذر|للأسف).{0,40}"
    r"(?:لا (?:أستطيع|يمكنني|أقدر)|لن أستطيع|غير قادرة? على).{0,30}"
    r"(?:مساعد|كتاب|إنشاء|توليد|تقديم|إجاب|تلبية|أكتب|أساعد)",
    r"(?:एआई|कृत्रिम बुद्धिमत्ता|भाषा मॉडल) (?:\S+ ){0,2}(?:के रूप में|हूँ|हूं)",
    r"^\W*(?:मुझे )?(?:खेद|माफ़|माफ|क्षमा).{0,60}(?:नहीं (?:लिख|बना)|"
    r"(?:मदद|सहायता|अनुरोध|उत्तर|लिख|बना).{0,30}(?:नहीं|असमर्थ))",
)
