"""How the API speaks, describes itself and keeps its promises."""
