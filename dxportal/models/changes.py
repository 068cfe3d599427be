"""What changed, for systems that keep a copy: which row, not what it says."""

from django.db import models


class RowChange(models.Model):
    """A row of the API was written or deleted. Written by the database itself (`dxportal.feed`).

    Numbers instead of foreign keys: the note outlives its row, its plan and its organization. The
    primary key is the position that callers go on from.
    """

    resource = models.CharField("資源", max_length=50)
    object_id = models.BigIntegerField("行の番号")
    organization_id = models.BigIntegerField("団体の番号", null=True)
    plan_id = models.BigIntegerField("計画の番号", null=True)
    is_deleted = models.BooleanField("削除")
    at = models.DateTimeField("日時")

    class Meta:
        verbose_name = verbose_name_plural = "行の変更"
        ordering = ["id"]
        indexes = [models.Index(fields=["organization_id", "id"], name="row_change_organization")]

    def __str__(self) -> str:
        return f"{self.resource}/{self.object_id}"
