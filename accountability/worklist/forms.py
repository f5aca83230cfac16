"""Input of the work list."""

from django import forms


class AddressForm(forms.Form):
    """提醒邮箱."""

    email = forms.EmailField(label="电子邮箱", required=False)
