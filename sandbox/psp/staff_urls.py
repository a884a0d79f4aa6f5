"""The PSP's pages for whoever tries BPS: the books, and the control panel."""

from django.urls import path

from sandbox.psp import staff_pages

urlpatterns = [
    path("books/", staff_pages.BooksPage.as_view(), name="books"),
    path("control-panel/", staff_pages.ControlPanel.as_view(), name="control-panel"),
    path("control-panel/<str:name>", staff_pages.ControlPanel.as_view(), name="control-act"),
]
