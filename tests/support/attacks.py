"""Texts that a page must only show, and a reader that collects what a page would act on."""

from html.parser import HTMLParser

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src=//evil>",
    "<a href='javascript:alert(1)'>x</a>",
    "</div></div><form action=//evil><input>",
    "<!-- hide the rest",
    "<style>*{}</style>",
    "[x](javascript:alert(1))",
    "[x](javascript&#58;alert(1))",
    "[x]( JaVascript&colon;alert(1) )",
    "[x](data:text/html,x)",
    "[x]: javascript:alert(1)\n\n[x]",
    "[a][b]\n\n[b]: vbscript:x",
    "<javascript:alert(1)>",
    "![x](https://evil.example/pixel)",
    "![x](attachment:missing)",
    '[x](//evil "t\\" onclick=alert(1)")',
    "<<script>alert(1)//<</script>",
    "$<img src=x onerror=alert(1)>$",
    '```"><script>alert(1)</script>\n```',
    '# x"<script>alert(1)</script>',
    "$\\href{javascript:alert(1)}{x}$",
    "$\\unicode{<script>}$",
    "&lt;script&gt;",
    "\x1b]0;title\x07\x1b[2J",
    "\u202egnp.exe",
]


HARMLESS: tuple[set, list, list, list] = (
    set(),
    [],
    [],
    [],
)  # what `Page.acts` gives for a page without anything that acts


class Page(HTMLParser):
    """Collects what a page would act on."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.data = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.data += data

    def acts(self):
        """Whatever could run a script, load something or send something."""
        bad_tags = {"script", "iframe", "form", "object", "embed", "link", "base", "svg", "style", "meta"} & set(
            self.tags
        )
        loads = [
            v
            for n, v in self.attributes
            if n in ("src", "action", "data") and not v.startswith("data:image/png;base64,")
        ]
        scripts = [n for n, v in self.attributes if n.startswith("on")]
        links = [
            v
            for n, v in self.attributes
            if n in ("href", "xlink:href") and v.lower().split(":")[0].strip() in ("javascript", "data", "vbscript")
        ]
        return bad_tags, loads, scripts, links
