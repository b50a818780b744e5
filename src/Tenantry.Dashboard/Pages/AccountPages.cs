namespace Tenantry.Dashboard.Pages;

/// <summary>Who one is here, invitations, and one's own password and passkeys.</summary>
internal static class AccountPages
{
    public static void MapAccount(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/account", ShowAsync);
        pages.MapPost("/account/password", PutPasswordAsync);
        pages.MapPost("/account/invitations", AnswerAsync);
        pages.MapPost("/account/passkeys/remove", RemovePasskeyAsync);
    }

    private static Task<IResult> ShowAsync(PageApi api, CancellationToken cancellationToken) => PageAsync(api, null, cancellationToken);

    private static async Task<IResult> PageAsync(PageApi api, ProblemResponse? problem, CancellationToken cancellationToken) => new Page<AccountPage>(
        (nameof(AccountPage.Session), await api.Client.People.GetSessionAsync(cancellationToken)),
        (nameof(AccountPage.Invitations), await api.IfAllowedAsync("GET /v1/invitations", () => api.Client.People.ListInvitationsAsync(cancellationToken).ToListAsync(cancellationToken).AsTask()) ?? []),
        (nameof(AccountPage.Passkeys), await api.IfAllowedAsync("GET /v1/session/passkeys", () => api.Client.People.ListPasskeysAsync(cancellationToken).ToListAsync(cancellationToken).AsTask()) ?? []),
        (nameof(AccountPage.Problem), problem))
    {
        Status = problem?.Status ?? StatusCodes.Status200OK,
    };

    private static async Task<IResult> AnswerAsync(PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        var organization = form["organization"].ToString();
        switch (form["answer"].ToString())
        {
            case "accept":
                await api.Client.People.AcceptInvitation(organization).SendAsync(cancellationToken);
                break;
            case "decline":
                await api.Client.People.DeclineInvitation(organization).SendAsync(cancellationToken);
                break;
            default:
                throw ProblemException.Invalid("answer", "accept or decline is expected. Nothing was answered.");
        }

        return InstanceForms.To("/account");
    }

    private static async Task<IResult> RemovePasskeyAsync(PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        await api.Client.People.RemovePasskey(form["passkey"].ToString()).SendAsync(cancellationToken);
        return InstanceForms.To("/account");
    }

    private static async Task<IResult> PutPasswordAsync(PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        var (wanted, current) = (form["password"].ToString(), form["current"].ToString());
        try
        {
            if (wanted != form["again"].ToString())
                throw ProblemException.Invalid("again", "The two are not the same. Nothing was changed.");
            await api.Client.People.PutPassword(new PutPasswordRequest(wanted, current.Length == 0 ? null : current, form["noPasskeys"] == "true")).SendAsync(cancellationToken);
            // The session has ended with the password.
            return InstanceForms.To($"/signin?{SignInDashboard.Changed}=password");
        }
        catch (Exception refused) when (refused is ProblemException or TenantryException { Problem.Status: < StatusCodes.Status500InternalServerError })
        {
            var problem = (refused as TenantryException)?.Problem ?? Problems.Of(refused);
            return await PageAsync(api, problem, cancellationToken);
        }
    }
}
