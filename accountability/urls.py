"""Addresses of what follows the list: commission, units, inspectors, personnel, citizens."""

from django.urls import path

from accountability.assessment import views as personnel
from accountability.case_lifecycle import views as case
from accountability.citizens import views as citizen
from accountability.evidence import views as evidence
from accountability.evidence_retention import views as retention
from accountability.inspections.views import plans as inspection_plan
from accountability.inspections.views import visits as inspection
from accountability.leads import views as lead
from accountability.objections import views as objection
from accountability.promotion_freezes.views import certificate, many
from accountability.promotion_freezes.views import personnel as personnel_personnel
from accountability.rectifications.views import actions as rectification_acts
from accountability.rectifications.views import pages as rectification
from accountability.results.views import analysis as results
from accountability.results.views import commission, count, readers, unit
from accountability.talks import views as talk
from accountability.worklist import views as work

app_name = "accountability"
urlpatterns = [
    path("commission/", commission.commission, name="commission"),
    path("commission/<slug:key>/", commission.commission, name="commission-round"),
    path("commission/<slug:key>/export/", commission.export, name="commission-export"),
    path("commission/<slug:key>/publish/", commission.publish, name="commission-publish"),
    path("commission/<slug:key>/archive/", commission.archive, name="commission-archive"),
    path("commission/<slug:key>/pictures/", results.pictures, name="commission-pictures"),
    path("commission/<slug:key>/anomalies/", results.anomalies, name="commission-anomalies"),
    path("commission/<slug:key>/anomalies/<int:pk>/approve/", results.approve_flag, name="commission-approve-flag"),
    path("commission/<slug:key>/count/", count.count, name="commission-count"),
    path("commission/<slug:key>/count/files/", count.files, name="commission-files"),
    path("commission/<slug:key>/veto/", results.veto, name="commission-veto"),
    path("commission/<slug:key>/correct/", results.correct, name="commission-correct"),
    path("commission/<slug:key>/sections/<slug:code>/", results.section, name="commission-section"),
    path("commission/<slug:key>/sections/<slug:code>/wording/", results.wording, name="commission-wording"),
    path("unit/", unit.unit, name="unit"),
    path("work/", work.work, name="work"),
    path("work/roster/", readers.roster, name="roster"),
    path("work/monitor/", readers.monitor, name="monitor"),
    path("work/retention/", retention.overview, name="retention"),
    path("work/retention/<slug:key>/purge/", retention.purge, name="retention-purge"),
    path("work/retention/<slug:key>/destroy/", retention.destroy, name="retention-destroy"),
    path("work/reminders/", work.reminders, name="reminders"),
    path("work/cases/<int:pk>/head/", case.change_responsible, name="case-head"),
    path("work/talks/<int:measure_id>/", talk.talk, name="talk"),
    path("work/talks/<int:measure_id>/write/", talk.write, name="talk-write"),
    path("work/talks/records/<int:talk_id>/file/", talk.file, name="talk-file"),
    path("work/talks/records/<int:talk_id>/confirm/", talk.confirm, name="talk-confirm"),
    path("work/talks/records/<int:talk_id>/return/", talk.send_back, name="talk-return"),
    path("work/talks/records/<int:talk_id>/print/", talk.printed, name="talk-print"),
    path("evidence/<slug:subject>/<str:pk>/add/", evidence.add, name="evidence-add"),
    path("evidence/<uuid:evidence_id>/", evidence.view, name="evidence"),
    path("evidence/<uuid:evidence_id>/original/", evidence.original, name="evidence-original"),
    path("evidence/<uuid:evidence_id>/drop/", evidence.drop, name="evidence-drop"),
    path("work/rectifications/", rectification.rectifications, name="rectifications"),
    path("work/rectifications/ledger/", rectification.ledger, name="ledger"),
    path("work/rectifications/<int:pk>/", rectification.rectification, name="rectification"),
    path("work/rectifications/<int:pk>/submit/", rectification_acts.submit_plan, name="plan-submit"),
    path("work/rectifications/<int:pk>/add/", rectification_acts.add_item, name="plan-add"),
    path("work/rectifications/<int:pk>/decide/", rectification_acts.decide_plan, name="plan-decide"),
    path("work/rectifications/<int:pk>/report/", rectification_acts.submit_report, name="report-submit"),
    path("work/rectifications/<int:pk>/resume/", rectification_acts.resume, name="rectification-resume"),
    path("work/items/<int:pk>/edit/", rectification_acts.edit_item, name="item-edit"),
    path("work/items/<int:pk>/report/", rectification_acts.report_progress, name="item-report"),
    path("work/items/<int:pk>/finish/", rectification_acts.finish_item, name="item-finish"),
    path("work/items/<int:pk>/extend/", rectification_acts.ask_extension, name="item-extend"),
    path("work/items/<int:pk>/grant/", rectification_acts.decide_extension, name="item-grant"),
    path("work/items/<int:pk>/close/", rectification_acts.close_item, name="item-close"),
    path("work/items/<int:pk>/back/", rectification_acts.send_back_item, name="item-back"),
    path("work/objections/", objection.objections, name="objections"),
    path("work/objections/file/", objection.file, name="objection-file"),
    path("work/objections/<int:pk>/", objection.objection, name="objection"),
    path("work/objections/<int:pk>/accept/", objection.accept, name="objection-accept"),
    path("work/objections/<int:pk>/recount/", objection.recount, name="objection-recount"),
    path("work/objections/<int:pk>/decide/", objection.decide, name="objection-decide"),
    path("work/objections/<int:pk>/review/", objection.review, name="objection-review"),
    path("work/objections/<int:pk>/print/", objection.printed, name="objection-print"),
    path("work/leads/", lead.leads, name="leads"),
    path("work/leads/receive/", lead.receive, name="lead-receive"),
    path("work/leads/<int:pk>/conclude/", lead.conclude, name="lead-conclude"),
    path("inspection/", inspection.inspections, name="inspections"),
    path("inspection/plans/", inspection_plan.plans, name="inspection-plans"),
    path("inspection/plans/propose/<slug:key>/", inspection_plan.propose, name="inspection-propose"),
    path("inspection/plans/<int:pk>/", inspection_plan.plan, name="inspection-plan"),
    path("inspection/plans/<int:pk>/approve/", inspection_plan.approve, name="inspection-plan-approve"),
    path("inspection/plans/<int:pk>/schedule/", inspection_plan.schedule, name="inspection-schedule"),
    path("inspection/plans/<int:pk>/finish/", inspection_plan.finish, name="inspection-finish"),
    path("inspection/proof/<int:pk>/", inspection_plan.public_proof, name="inspection-proof"),
    path("inspection/recuse/", inspection_plan.recuse, name="inspection-recuse"),
    path("inspection/<uuid:pk>/", inspection.inspection, name="inspection"),
    path("inspection/<uuid:pk>/assign/", inspection_plan.assign, name="inspection-assign"),
    path("inspection/<uuid:pk>/submit/", inspection.submit, name="inspection-submit"),
    path("inspection/<uuid:pk>/approve/", inspection.approve, name="inspection-approve"),
    path("inspection/<uuid:pk>/order/", inspection.issue_order, name="order-issue"),
    path("work/orders/<int:pk>/", inspection.order, name="order"),
    path("work/orders/<int:pk>/reply/", inspection.reply, name="order-reply"),
    path("work/orders/<int:pk>/return/", inspection_plan.return_visit, name="order-return"),
    path("work/orders/<int:pk>/print/", inspection.print_order, name="order-print"),
    path("personnel/", personnel_personnel, name="personnel"),
    path("personnel/many/", many, name="personnel-many"),
    path("personnel/places/", readers.places, name="places"),
    path("personnel/places/<slug:key>/", readers.places, name="places-round"),
    path("personnel/freezes/<int:pk>/certificate/", certificate, name="freeze-certificate"),
    path("personnel/assessment/", personnel.assessment, name="assessment"),
    path("personnel/assessment/<int:year>/", personnel.assessment, name="assessment-year"),
    path("personnel/assessment/<int:year>/export/", personnel.assessment_export, name="assessment-export"),
    path("rectification/", citizen.results, name="results"),
    path("rectification/<slug:key>/", citizen.results, name="results-round"),
    path("rectification/cases/<int:pk>/rate/", citizen.follow_up, name="follow-up"),
    path("suggestions/", citizen.suggestions, name="suggestions"),
    path("work/suggestions/", citizen.suggestion_desk, name="suggestion-desk"),
    path("work/suggestions/<int:pk>/answer/", citizen.answer, name="suggestion-answer"),
]
