"""Addresses of the public pages."""

from django.urls import path

from evaluations.draws import views as draw
from evaluations.personal_data import views as privacy
from evaluations.publication import views as public
from evaluations.sealing import views as box
from evaluations.voting import views as ballot
from nanchuan_eval.web.type_size import type_size

urlpatterns = [
    path("", public.front_page, name="front-page"),
    path("ballot/", ballot.ballot, name="ballot"),
    path("ballot/sections/", ballot.sections, name="ballot-sections"),
    path("ballot/rate/", ballot.rate, name="ballot-rate"),
    path("ballot/review/", ballot.review, name="ballot-review"),
    path("ballot/receipt/", ballot.receipt, name="ballot-receipt"),
    path("ballot/cast/", ballot.cast, name="ballot-cast"),
    path("ballot/claim/", ballot.claim, name="ballot-claim"),
    path("receipt/", box.receipt_check, name="receipt-check"),
    path("draws/", draw.draws, name="draws"),
    path("draws/<str:draw_id>/", draw.draw, name="draw"),
    path("draws/<str:draw_id>/proof.json", draw.proof, name="draw-proof"),
    path("draws/<str:draw_id>/<str:name>", draw.file, name="draw-file"),
    path("privacy/", public.privacy, name="privacy"),
    path("privacy/request/", privacy.request_page, name="privacy-request"),
    path("privacy/<slug:key>/", public.privacy, name="privacy-of-round"),
    path("list/", public.lists, name="lists"),
    path("list/<slug:key>/", public.public_list, name="public-list"),
    path("list/<slug:key>/<int:version>/notice.pdf", public.notice_as_pdf, name="notice-pdf"),
    path("list/<slug:key>/<int:version>/notice.html", public.notice_as_html, name="notice-html"),
    path("type-size/<slug:size>/", type_size, name="type-size"),
    path("rounds/<slug:key>/box/", box.box, name="box"),
    path("rounds/<slug:key>/issued-<int:batch>.txt", box.issued_list, name="issued-list"),
    path("rounds/<slug:key>/paper.json", box.paper_file, name="paper-file"),
    path("rounds/<slug:key>/spent.txt", box.spent_list, name="spent-list"),
    path("rounds/<slug:key>/closing-list.txt", box.closing_list, name="closing-list"),
    path("rounds/<slug:key>/closing.json", box.closing, name="closing"),
]
