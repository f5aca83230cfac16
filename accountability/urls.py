"""URLs for the commission, units, inspectors, personnel and citizens."""

from django.urls import path

from accountability.assessment import views as assessment
from accountability.case_lifecycle import views as case_lifecycle
from accountability.citizens import views as citizens
from accountability.evidence import views as evidence
from accountability.evidence_retention import views as evidence_retention
from accountability.inspections.views import plans, visits
from accountability.leads import views as leads
from accountability.objections import views as objections
from accountability.promotion_freezes import views as promotion_freezes
from accountability.rectifications.views import actions
from accountability.rectifications.views import pages as rectifications_pages
from accountability.results.views import analysis, commission, count, readers
from accountability.talks import views as talks
from accountability.worklist import views as worklist

app_name = "accountability"
urlpatterns = [
    path("commission/", commission.commission, name="commission"),
    path("commission/<slug:key>/", commission.commission, name="commission-round"),
    path("commission/<slug:key>/export/", commission.export, name="commission-export"),
    path("commission/<slug:key>/publish/", commission.publish, name="commission-publish"),
    path("commission/<slug:key>/archive/", commission.archive, name="commission-archive"),
    path("commission/<slug:key>/pictures/", analysis.charts, name="commission-pictures"),
    path("commission/<slug:key>/anomalies/", analysis.anomalies, name="commission-anomalies"),
    path("commission/<slug:key>/anomalies/keep/", analysis.keep_flags, name="commission-keep-flags"),
    path("commission/<slug:key>/anomalies/<int:pk>/approve/", analysis.approve_flag, name="commission-approve-flag"),
    path("commission/<slug:key>/count/", count.count, name="commission-count"),
    path("commission/<slug:key>/count/files/", count.files, name="commission-files"),
    path("commission/<slug:key>/veto/", analysis.veto, name="commission-veto"),
    path("commission/<slug:key>/correct/", analysis.correct, name="commission-correct"),
    path("commission/<slug:key>/sections/<slug:code>/", analysis.section, name="commission-section"),
    path("commission/<slug:key>/sections/<slug:code>/wording/", analysis.wording, name="commission-wording"),
    path("unit/", readers.unit, name="unit"),
    path("work/", worklist.work, name="work"),
    path("work/roster/", readers.roster, name="roster"),
    path("work/monitor/", readers.monitor, name="monitor"),
    path("work/retention/", evidence_retention.overview, name="retention"),
    path("work/retention/<slug:key>/purge/", evidence_retention.purge, name="retention-purge"),
    path("work/retention/<slug:key>/destroy/", evidence_retention.destroy, name="retention-destroy"),
    path("work/reminders/", worklist.reminders, name="reminders"),
    path("work/cases/<int:pk>/head/", case_lifecycle.change_responsible, name="case-head"),
    path("work/talks/<int:measure_id>/", talks.talk, name="talk"),
    path("work/talks/<int:measure_id>/write/", talks.write, name="talk-write"),
    path("work/talks/records/<int:talk_id>/file/", talks.file, name="talk-file"),
    path("work/talks/records/<int:talk_id>/confirm/", talks.confirm, name="talk-confirm"),
    path("work/talks/records/<int:talk_id>/return/", talks.send_back, name="talk-return"),
    path("work/talks/records/<int:talk_id>/print/", talks.printed, name="talk-print"),
    path("evidence/<slug:subject>/<str:pk>/add/", evidence.add, name="evidence-add"),
    path("evidence/<uuid:evidence_id>/", evidence.view, name="evidence"),
    path("evidence/<uuid:evidence_id>/original/", evidence.original, name="evidence-original"),
    path("evidence/<uuid:evidence_id>/drop/", evidence.drop, name="evidence-drop"),
    path("work/rectifications/", rectifications_pages.rectifications, name="rectifications"),
    path("work/rectifications/ledger/", rectifications_pages.register, name="ledger"),
    path("work/rectifications/<int:pk>/", rectifications_pages.rectification, name="rectification"),
    path("work/rectifications/<int:pk>/submit/", actions.submit_plan, name="plan-submit"),
    path("work/rectifications/<int:pk>/add/", actions.add_item, name="plan-add"),
    path("work/rectifications/<int:pk>/decide/", actions.decide_plan, name="plan-decide"),
    path("work/rectifications/<int:pk>/report/", actions.submit_report, name="report-submit"),
    path("work/rectifications/<int:pk>/resume/", actions.resume, name="rectification-resume"),
    path("work/items/<int:pk>/edit/", actions.edit_item, name="item-edit"),
    path("work/items/<int:pk>/report/", actions.report_progress, name="item-report"),
    path("work/items/<int:pk>/finish/", actions.finish_item, name="item-finish"),
    path("work/items/<int:pk>/extend/", actions.ask_extension, name="item-extend"),
    path("work/items/<int:pk>/grant/", actions.decide_extension, name="item-grant"),
    path("work/items/<int:pk>/close/", actions.close_item, name="item-close"),
    path("work/items/<int:pk>/back/", actions.send_back_item, name="item-back"),
    path("work/objections/", objections.objections, name="objections"),
    path("work/objections/file/", objections.file, name="objection-file"),
    path("work/objections/<int:pk>/", objections.objection, name="objection"),
    path("work/objections/<int:pk>/accept/", objections.accept, name="objection-accept"),
    path("work/objections/<int:pk>/recount/", objections.recount, name="objection-recount"),
    path("work/objections/<int:pk>/decide/", objections.decide, name="objection-decide"),
    path("work/objections/<int:pk>/review/", objections.review, name="objection-review"),
    path("work/objections/<int:pk>/print/", objections.printed, name="objection-print"),
    path("work/leads/", leads.leads, name="leads"),
    path("work/leads/receive/", leads.receive, name="lead-receive"),
    path("work/leads/<int:pk>/conclude/", leads.conclude, name="lead-conclude"),
    path("inspection/", visits.inspections, name="inspections"),
    path("inspection/plans/", plans.plans, name="inspection-plans"),
    path("inspection/plans/propose/<slug:key>/", plans.propose, name="inspection-propose"),
    path("inspection/plans/<int:pk>/", plans.plan, name="inspection-plan"),
    path("inspection/plans/<int:pk>/approve/", plans.approve, name="inspection-plan-approve"),
    path("inspection/plans/<int:pk>/schedule/", plans.schedule, name="inspection-schedule"),
    path("inspection/plans/<int:pk>/finish/", plans.finish, name="inspection-finish"),
    path("inspection/proof/<int:pk>/", plans.public_proof, name="inspection-proof"),
    path("inspection/recuse/", plans.recuse, name="inspection-recuse"),
    path("inspection/<uuid:pk>/", visits.inspection, name="inspection"),
    path("inspection/<uuid:pk>/assign/", plans.assign, name="inspection-assign"),
    path("inspection/<uuid:pk>/submit/", visits.submit_record, name="inspection-submit"),
    path("inspection/<uuid:pk>/approve/", visits.approve, name="inspection-approve"),
    path("inspection/<uuid:pk>/order/", visits.issue_order, name="order-issue"),
    path("work/orders/<int:pk>/", visits.order, name="order"),
    path("work/orders/<int:pk>/reply/", visits.reply, name="order-reply"),
    path("work/orders/<int:pk>/return/", plans.return_visit, name="order-return"),
    path("work/orders/<int:pk>/print/", visits.print_order, name="order-print"),
    path("personnel/", promotion_freezes.personnel, name="personnel"),
    path("personnel/many/", promotion_freezes.many, name="personnel-many"),
    path("personnel/places/", readers.places, name="places"),
    path("personnel/places/<slug:key>/", readers.places, name="places-round"),
    path("personnel/freezes/<int:pk>/certificate/", promotion_freezes.certificate, name="freeze-certificate"),
    path("personnel/assessment/", assessment.assessment, name="assessment"),
    path("personnel/assessment/<int:year>/", assessment.assessment, name="assessment-year"),
    path("personnel/assessment/<int:year>/export/", assessment.assessment_export, name="assessment-export"),
    path("rectification/", citizens.results, name="results"),
    path("rectification/<slug:key>/", citizens.results, name="results-round"),
    path("rectification/cases/<int:pk>/rate/", citizens.follow_up, name="follow-up"),
    path("suggestions/", citizens.suggestions, name="suggestions"),
    path("work/suggestions/", citizens.suggestion_list, name="suggestion-desk"),
    path("work/suggestions/<int:pk>/answer/", citizens.answer, name="suggestion-answer"),
]
