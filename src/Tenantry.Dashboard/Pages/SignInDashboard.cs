using Tenantry.Server.Access;
using Tenantry.Server.People;

namespace Tenantry.Dashboard.Pages;

/// <summary>The pages on which people sign in. What their forms send is taken by <see cref="SignInApi"/>.</summary>
internal static class SignInDashboard
{
    /// <summary>In the address of the page: what was changed, so that one signs in anew.</summary>
    public const string Changed = "changed";

    public static void MapSignInDashboard(this IEndpointRouteBuilder routes)
    {
        var pages = routes.MapGroup("").WithMetadata(new OpenToAll()).ExcludeFromDescription();
        pages.MapGet("/signin", Show);
        pages.MapGet("/signin/link/{secret}", ShowLinkAsync);
    }

    private static IResult Show(HttpContext context, ISignIn signIn)
    {
        var wanted = SignInApi.SafeReturn(context.Request.Query[SignInApi.ReturnTo]);
        if (Caller.Find(context) is not null)
            return TypedResults.LocalRedirect(wanted);
        return new Page<SignInPage>(
            (nameof(SignInPage.ReturnTo), wanted),
            (nameof(SignInPage.Failure), SignInPages.Sentence(context.Request.Query[SignInApi.Failure].ToString())),
            (nameof(SignInPage.IsPasswordChanged), context.Request.Query[Changed] == "password"),
            (nameof(SignInPage.Provider), signIn.ProviderName))
        {
            // The form that leads to the provider is answered by going there.
            LeadsElsewhere = signIn.ProviderName is not null,
        };
    }

    // Looking at it uses nothing up: mail programs and browsers look at links that nobody followed.
    private static async Task<IResult> ShowLinkAsync(string secret, HttpContext context, ISignIn signIn) =>
        new Page<SignInLinkPage>((nameof(SignInLinkPage.Email), await signIn.ReadLinkAsync(context, secret)));
}
