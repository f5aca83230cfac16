"""Letters (登录通知书) that carry one-time links: one page a person, printed once; the links are kept nowhere."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from nanchuan_eval.accounts.links import OneTimeLink, issue_link
from nanchuan_eval.documents.rendering import qr_svg, render_pdf, render_pdfs
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.profile.queries import current_profile
from nanchuan_eval.second_factor.services import needs_factor
from nanchuan_eval.users.models import User

# What follows the first log-in.
NEXT = {
    Role.SYSTEM_ADMIN: "在“账号”中为其他人员建立账号，或者上传账号名单；每天备份。",
    Role.SECURITY_ADMIN: "在“账号”中为新建的账号提请授权；在“安全策略”中核对各项设置。",
    Role.AUDITOR: "在“操作日志”中核对首批账号的建立，保存日志锚点。",
    Role.CHIEF: "在“审批”中核对并办理提请的事项。",
    Role.CLERK: "导入名录，建立评议轮次，按“下一步”的提示办理。",
    Role.COMMISSION: "在“审批”中核对授予三员和纪委监委角色的提请，轮次进行中查看进度。",
    Role.LIAISON: "查看本单位科室的结果和问责事项，在“待办”中按期限报送。",
    Role.INSPECTOR: "在“待办”中查看分派给您的暗访任务。",
    Role.PERSONNEL: "查询影响期，在“待办”中办理登记和考核事项。",
}


def letters_pdf(links: Sequence[OneTimeLink], *, site: str, at: datetime) -> bytes:
    """Return one file with a page for each person."""
    return render_pdf("login_letter", _data(links, site, at), at=at, tagged=False)


def letter_files(links: Iterable[OneTimeLink], *, site: str, at: datetime) -> Iterator[tuple[str, bytes]]:
    """Yield the account and the letter of each person."""
    made = list(links)
    jobs = [_data([link], site, at) for link in made]
    for link, pdf in zip(made, render_pdfs("login_letter", jobs, at=at), strict=True):
        yield link.account.username, pdf


@transaction.atomic
def print_letter(*, account_id: int, site: str, by: User, at: datetime) -> bytes:
    """Print the letter of one account with a new link; without the page there is no new link either."""
    return letters_pdf([issue_link(account_id=account_id, by=by, at=at)], site=site, at=at)


def address_of(link: OneTimeLink, site: str) -> str:
    """Return the whole address of a link."""
    return f"{site.rstrip('/')}{link.path}"


def _data(links: Sequence[OneTimeLink], site: str, at: datetime) -> dict[str, object]:
    return {
        "sheets": [_sheet(link, site) for link in links],
        "office": current_profile().office,
        "date": f"{timezone.localtime(at):%Y年%-m月%-d日}",
    }


def _sheet(link: OneTimeLink, site: str) -> dict[str, object]:
    account, address = link.account, address_of(link, site)
    role = account.get_role_display() + (f"（{account.unit_code}）" if account.unit_code else "")
    return {
        "facts": [("姓名", account.name), ("账号", account.username), ("角色", role)],
        "address": address,
        "qr": qr_svg(address),
        "good_until": f"{timezone.localtime(link.good_until):%Y年%-m月%-d日 %H:%M}",
        "has_factor": needs_factor(account),
        "site": f"{site.rstrip('/')}/login/",
        "next": NEXT.get(Role(account.role), "") if account.role else "",
    }
