"""Pages on which a plan is built and changed, all below `plans/<plan>/edit/`."""

from django.urls import path

from dxportal.views import editing, editing_log, tree_editing

app_name = "editing"
urlpatterns = [
    path("", editing.index, name="index"),
    path("history/", editing_log.history, name="history"),
    path("deletions/", editing_log.deletions, name="deletions"),
    path("deletions/<int:pk>/restore/", editing_log.restore, name="restore"),
    path("tree/", tree_editing.tree, name="tree"),
    path("tree/add/", tree_editing.add, name="tree_add"),
    path("tree/measures/<int:pk>/move/", tree_editing.move_measure_row, name="tree_move_measure"),
    path(
        "tree/placements/<int:pk>/move/",
        tree_editing.move_placement_row,
        name="tree_move_placement",
    ),
    # Kinds of rows come last: their names would take any of the addresses above.
    path("<slug:kind>/", editing.rows, name="list"),
    path("<slug:kind>/add/", editing.add, name="add"),
    path("<slug:kind>/<int:pk>/", editing.change, name="change"),
    path("<slug:kind>/<int:pk>/move/", editing.move, name="move"),
    path("<slug:kind>/<int:pk>/delete/", editing.delete, name="delete"),
]
