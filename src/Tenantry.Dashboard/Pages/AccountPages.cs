namespace Tenantry.Dashboard.Pages;

/// <summary>Who one is here, and one's own password.</summary>
internal static class AccountPages
{
    public static void MapAccount(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/account", ShowAsync);
        pages.MapPost("/account/password", PutPasswordAsync);
    }

    private static async Task<IResult> ShowAsync(PageApi api, CancellationToken cancellationToken) =>
        new Page<AccountPage>((nameof(AccountPage.Session), await api.Client.People.GetSessionAsync(cancellationToken)));

    private static async Task<IResult> PutPasswordAsync(PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        var (wanted, current) = (form["password"].ToString(), form["current"].ToString());
        try
        {
            if (wanted != form["again"].ToString())
                throw ProblemException.Invalid("again", "The two are not the same. Nothing was changed.");
            await api.Client.People.PutPassword(new PutPasswordRequest(wanted, current.Length == 0 ? null : current)).SendAsync(cancellationToken);
            // The session has ended with the password.
            return InstanceForms.To($"/signin?{SignInDashboard.Changed}=password");
        }
        catch (Exception refused) when (refused is ProblemException or TenantryException { Problem.Status: < StatusCodes.Status500InternalServerError })
        {
            var problem = (refused as TenantryException)?.Problem ?? Problems.Of(refused);
            return new Page<AccountPage>((nameof(AccountPage.Session), await api.Client.People.GetSessionAsync(cancellationToken)), (nameof(AccountPage.Problem), problem)) { Status = problem.Status };
        }
    }
}
