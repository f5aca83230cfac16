"""Addresses of the public pages."""

from django.urls import path
from django.views.generic import RedirectView

from evaluations.box_key import views as box_key
from evaluations.draws import views as draws
from evaluations.messages.views import message_receipts
from evaluations.open_data import views as open_data
from evaluations.personal_data import views as personal_data
from evaluations.public_recount import views as public_recount
from evaluations.public_site import views as public_site
from evaluations.publication import views as publication
from evaluations.sample_audit import views as sample_audit
from evaluations.sealing import views as sealing
from evaluations.service_records.views import own as own_records
from evaluations.service_records.views import public as service_records
from evaluations.voting.views import claims, section_rows
from evaluations.voting.views import steps as voting
from nanchuan_eval.web.views import type_size

# Former addresses of files, which pages of other sites and the protocol name.
of_version = RedirectView.as_view(pattern_name="open-data-version", permanent=True)
of_round = RedirectView.as_view(pattern_name="open-data-file", permanent=True)

urlpatterns = [
    path("", public_site.front_page, name="front-page"),
    path("ballot/", voting.ballot, name="ballot"),
    path("ballot/sections/", voting.sections, name="ballot-sections"),
    path("ballot/rate/", voting.rate, name="ballot-rate"),
    path("ballot/review/", voting.review, name="ballot-review"),
    path("ballot/cast/", voting.cast, name="ballot-cast"),
    path("ballot/words/<slug:digest>.json", section_rows.words, name="ballot-words"),
    path("ballot/claim/", claims.claim, name="ballot-claim"),
    path("receipt/", sealing.receipt_check, name="receipt-check"),
    path("draws/", draws.draws, name="draws"),
    path("draws/<str:draw_id>/", draws.draw, name="draw"),
    path("draws/<str:draw_id>/proof.json", draws.proof, name="draw-proof"),
    path("draws/<str:draw_id>/<str:name>", draws.file, name="draw-file"),
    path("how/", public_site.how_to_take_part, name="how-to-take-part"),
    path("verify/", public_site.how_to_verify, name="how-to-verify"),
    path("privacy/", publication.privacy, name="privacy"),
    path("privacy/request/", personal_data.request_page, name="privacy-request"),
    path("privacy/<slug:key>/", publication.privacy, name="privacy-of-round"),
    path("scoring/", public_site.scoring, name="scoring"),
    path("scoring/<slug:key>/", public_site.scoring, name="scoring-of-round"),
    path("list/", publication.lists, name="lists"),
    path("list/<slug:key>/", publication.public_list, name="public-list"),
    path("list/<slug:key>/<int:version>/notice.pdf", publication.notice_as_pdf, name="notice-pdf"),
    path("list/<slug:key>/<int:version>/notice.html", publication.notice_as_html, name="notice-html"),
    path("list/<slug:key>/<int:version>/check/", public_recount.check, name="recount-check"),
    path("list/<slug:key>/<int:version>/<slug:name>.json", of_version, {"ending": "json"}),
    path("rounds/<slug:key>/proofs/", public_recount.proofs, name="proofs"),
    path("list/<slug:key>/response/", publication.response, name="response"),
    path("list/<slug:key>/response.csv", of_round, {"name": "response", "ending": "csv"}),
    path("list/<slug:key>/sample/", sample_audit.public_sample, name="public-sample"),
    path("list/<slug:key>/sample.json", sample_audit.public_draw, name="public-sample-draw"),
    path("data/", open_data.data, name="open-data"),
    path("data/catalog.json", open_data.catalog, name="open-data-catalog"),
    path("data/feed.xml", open_data.feed, name="open-data-feed"),
    path("data/schemas/<slug:name>.json", open_data.schema, name="open-data-schema"),
    path("data/<slug:key>/", open_data.round_data, name="open-data-round"),
    path("data/<slug:key>/manifest.json", open_data.manifest, name="open-data-manifest"),
    path("data/<slug:key>/<slug:name>.<str:ending>", open_data.file, name="open-data-file"),
    path("data/<slug:key>/<int:version>/<slug:name>.<str:ending>", open_data.file, name="open-data-version"),
    path("api/message-receipts/", message_receipts, name="message-receipts"),
    path("type-size/<slug:size>/", type_size, name="type-size"),
    path("records/", service_records.units, name="records"),
    path("records/<slug:unit>/", service_records.unit_days, name="records-of-unit"),
    path("records/<slug:unit>/chain.csv", service_records.chain_file, name="record-chain"),
    path("api/service-records/<slug:unit>/<str:day>/", service_records.delivery, name="record-delivery"),
    path("work/records/", own_records.own_records, name="own-records"),
    path("work/records/count/", own_records.own_count, name="own-count"),
    path("work/records/template/", own_records.own_template, name="own-template"),
    path("work/records/file/", own_records.own_file, name="own-file"),
    path("box/", sealing.boxes, name="boxes"),
    path("rounds/<slug:key>/box/", sealing.box, name="box"),
    path("rounds/<slug:key>/box-key.json", box_key.key_record, name="box-key-record"),
    path("rounds/<slug:key>/box-key-<slug:key_id>.json", box_key.key_record, name="box-key-old"),
    path("rounds/<slug:key>/box-notice.pdf", box_key.key_notice, name="box-notice"),
    path("rounds/<slug:key>/card/", box_key.card, name="box-card"),
    path("rounds/<slug:key>/issued-<int:batch>.txt", sealing.issued_list, name="issued-list"),
    path("rounds/<slug:key>/issued-rest.txt", sealing.issued_rest, name="issued-rest"),
    path("rounds/<slug:key>/paper.json", sealing.ballot_form_file, name="paper-file"),
    path("rounds/<slug:key>/spent.txt", sealing.spent_list, name="spent-list"),
    path("rounds/<slug:key>/closing-list.txt", sealing.closing_list, name="closing-list"),
    path("rounds/<slug:key>/closing.json", sealing.sealing_record, name="closing"),
]
