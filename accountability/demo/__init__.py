"""The demonstration (演示): a whole round lived through by simulated people over the real services and pages."""

NOTICE = "演示数据，非真实评议结果"
