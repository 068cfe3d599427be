"""The API's router, pages, and errors as RFC 9457 problem details."""

from rest_framework.pagination import PageNumberPagination


class Pages(PageNumberPagination):
    page_size = 100
    max_page_size = 1000
    page_size_query_param = "page_size"


def problem_details(exc, context):
    from rest_framework.views import exception_handler

    return exception_handler(exc, context)
