"""Addresses of the public pages."""

from django.urls import path

from evaluations.views import ballot, draw, public

urlpatterns = [
    path("", public.front_page, name="front-page"),
    path("ballot/", ballot.ballot, name="ballot"),
    path("ballot/sections/", ballot.sections, name="ballot-sections"),
    path("ballot/rate/", ballot.rate, name="ballot-rate"),
    path("ballot/review/", ballot.review, name="ballot-review"),
    path("ballot/receipt/", ballot.receipt, name="ballot-receipt"),
    path("ballot/cast/", ballot.cast, name="ballot-cast"),
    path("ballot/claim/", ballot.claim, name="ballot-claim"),
    path("receipt/", public.receipt_check, name="receipt-check"),
    path("draws/", draw.draws, name="draws"),
    path("draws/<str:draw_id>/", draw.draw, name="draw"),
    path("draws/<str:draw_id>/proof.json", draw.proof, name="draw-proof"),
    path("list/", public.lists, name="lists"),
    path("list/<slug:key>/", public.public_list, name="public-list"),
    path("rounds/<slug:key>/closing-list.txt", public.closing_list, name="closing-list"),
]
