using Microsoft.AspNetCore.Http;
using Tenantry.Server.Api;

namespace Tenantry.Server.Access;

/// <summary>
/// A browser sends the cookie by itself, also when another site's page made it ask. What changes something therefore shows, besides, what only a page of ours knows:
/// the session's own text, as a header or a form's field. And the browser must not say that the page was another one's.
/// </summary>
public static class CrossSite
{
    /// <summary>Header of scripts.</summary>
    public const string Header = "X-CSRF-Token";

    /// <summary>Field of forms.</summary>
    public const string Field = "csrf";

    /// <summary>Refuses a change that does not show it.</summary>
    public static async Task RefuseAsync(HttpContext context)
    {
        var request = context.Request;
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
            return;
        RefuseOtherPages(context);
        var shown = request.Headers[Header].ToString();
        if (shown.Length == 0 && request.HasFormContentType)
            shown = (await FormBody.ReadAsync(context, $"A form with '{Field}' is expected."))[Field].ToString();
        if (Sessions.CsrfTokenOf(context) is not { } wanted || !RandomText.AreSame(shown, wanted))
            throw ProblemException.Forbidden($"With a session's cookie a change needs the session's own text, which GET /v1/session tells: as {Header}, or as the field '{Field}' of a form.");
    }

    /// <summary>Refuses what the browser says that another site's page asks for.</summary>
    public static void RefuseOtherPages(HttpContext context)
    {
        if (context.Request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site and not "same-origin" and not "none")
            throw ProblemException.Forbidden($"Changes that a page of another site ('{site}') asks for are not made.");
    }
}
