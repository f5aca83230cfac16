"""`manage.py verify_service_records`: recheck the units' chains, and every batch's records against its digest."""

from itertools import chain
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from evaluations.personal_data.services.clients import unnamed_faults
from evaluations.service_records.models import RecordBatch, ServiceRecord
from evaluations.service_records.queries.chain import correction_faults, record_chain_faults, record_content_faults
from nanchuan_eval.management.base import ServiceCommand


class Command(ServiceCommand):
    help = "核验办件：各单位的累计校验、各批的件数，以及各批办件的内容（办事人信息已按期清除的除外）。"

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(total=ServiceRecord.objects.count(), desc="办件", unit="件", disable=None) as bar:
            contents = record_content_faults(bar.update)
            faults = list(chain(record_chain_faults(), correction_faults(), contents, unnamed_faults()))
        for fault in faults:
            self.stdout.write(fault)
        if faults:
            raise CommandError(f"核验不通过，共{len(faults)}处。")
        self.stdout.write(f"核验通过：{RecordBatch.objects.count()}批办件与收到时一致。")
