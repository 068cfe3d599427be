"""All declared editors, in the order in which the overview shows them."""

from dxportal.editors.of_indicators import INDICATORS
from dxportal.editors.of_plans import STRUCTURE, TEXTS
from dxportal.editors.of_projects import MONEY, PROJECTS, TAGS

EDITORS = (*STRUCTURE, *PROJECTS, *INDICATORS, *MONEY, *TAGS, *TEXTS)
BY_KIND = {editor.kind: editor for editor in EDITORS}
BY_MODEL = {editor.model: editor for editor in EDITORS}
