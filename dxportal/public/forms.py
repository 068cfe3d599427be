"""What the DX office says when it makes a plan public, and when it takes it back."""

from django import forms

from dxportal.models import Publication


class PublishForm(forms.ModelForm):
    class Meta:
        model = Publication
        fields = ("licence", "contact", "introduction")
        widgets = {"introduction": forms.Textarea(attrs={"rows": 5})}
        help_texts = {
            "contact": "市民が読む連絡先です。担当課と電話番号を書き、個人名は書かないでください。",
            "introduction": "市民に分かる言葉で計画のねらいを書きます。空欄のときは概要です。",
            "licence": "公開するページとデータを、どのような条件で使ってもらうかを選びます。",
        }


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label="取りやめる理由",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=500,
        help_text="庁内の記録に残ります。市民には見えません。",
        error_messages={"required": "公開を取りやめる理由を書いてください。"},
    )


class WithdrawVersionForm(forms.Form):
    reason = forms.CharField(
        label="取り下げる理由",
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=500,
        help_text="庁内の記録に残ります。市民には見えません。",
        error_messages={"required": "取り下げる理由を書いてください。"},
    )
