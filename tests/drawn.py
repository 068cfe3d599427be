"""A page's markup as a browser draws it, so that tests say nothing of where its templates break."""

import re

BLOCKS = "caption|dd|div|dl|dt|h[1-6]|li|ol|p|section|summary|table|tbody|td|tfoot|th|thead|tr|ul"


def drawn(markup: str) -> str:
    """White space between words is one space; at the ends of blocks and between them, none."""
    said = re.sub(r"\s+", " ", markup)
    said = re.sub(rf"(<(?:{BLOCKS})\b[^>]*>) ", r"\1", said)
    said = re.sub(rf" (</(?:{BLOCKS})>)", r"\1", said)
    return re.sub(rf"(</(?:{BLOCKS})>) (?=<)", r"\1", said)
