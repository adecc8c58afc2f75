"""Lawful requests about reports."""


def report(who="leader", period="2021-Q1", **query):
    return lambda office: (who, {"path": {"agency": "H19.12", "period": period}, "query": query})


RECIPES = {
    "ReportTimeliness": report("clerk", "2021-02", by="procedure"),
    "ExportTimeliness": report(),
    "ListReported": report("clerk", "2021-02", cell="in-hand"),
    "ReportIndicators": report(),
    "ExportIndicators": report(of="officer"),
    "ListPoints": report(key="H19.12", indicator=1),
    "ListComplaintsReported": report(),
    "ReportServiceIndex": report(),
    "ExportServiceIndex": report(),
    "ShowReport": report(),
}
