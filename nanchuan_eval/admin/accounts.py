"""账号 at the desk."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.password_validation import validate_password

from nanchuan_eval.desk import PolicyAdmin
from nanchuan_eval.models import User


class AccountForm(forms.ModelForm[User]):
    """账号表单: the password is set here and shown nowhere."""

    new_password = forms.CharField(
        label="设置口令",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        required=False,
        help_text="至少12位；不修改口令时留空。",
    )

    class Meta:
        model = User
        fields = ["username", "name", "role", "unit_code", "is_active"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        password = data.get("new_password")
        if password:
            validate_password(password, self.instance)
            self.instance.set_password(password)
        elif self.instance.pk is None:
            self.add_error("new_password", "新账号必须设置口令。")
        return data


@admin.register(User)
class UserAdmin(PolicyAdmin):
    order = 1
    see_action = "user.create"
    edit_action = "user.create"
    form = AccountForm
    list_display = ["username", "name", "role", "unit_code", "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["username", "name"]
