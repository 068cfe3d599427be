from django.urls import path

from accounts import department_views, notice_views, oidc, views

app_name = "accounts"

urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign_in"),
    path("oidc/start/", oidc.Start.as_view(), name="oidc_start"),
    path("oidc/callback/", oidc.Callback.as_view(), name="oidc_callback"),
    path("sign-out/", views.SignOut.as_view(), name="sign_out"),
    path("password/", views.ChangePassword.as_view(), name="change_password"),
    path("departments/", department_views.department_list, name="departments"),
    path("departments/add/", department_views.add, name="add_department"),
    path("departments/<int:pk>/", department_views.change, name="department"),
    path("departments/<int:pk>/end/", department_views.end, name="end_department"),
    path("notices/", notice_views.notice_list, name="notices"),
    path("notices/read/", notice_views.read, name="read_notices"),
    path("notices/<int:pk>/", notice_views.follow, name="notice"),
    path("mail/", notice_views.mail_settings, name="mail_settings"),
]
