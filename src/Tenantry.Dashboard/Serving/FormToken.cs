using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Tenantry.Server.Access;

namespace Tenantry.Dashboard.Serving;

/// <summary>
/// What a form carries besides the credential that the browser sends by itself: only a page that was made for this very credential knows it. With a session's cookie the
/// gatekeeper asks for it; who came with a token, or over the socket, is asked here.
/// </summary>
internal static class FormToken
{
    private static readonly byte[] Purpose = "tenantry dashboard form"u8.ToArray();

    /// <summary>The one of the request's credential.</summary>
    public static string Of(HttpContext context) => Sessions.CsrfTokenOf(context)
        ?? Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes($"{Caller.Of(context).Id}\n{context.Request.Headers.Authorization}"), Purpose));

    /// <summary>The fields of the request's form; a form without the token is refused.</summary>
    public static async Task<IFormCollection> ReadFormAsync(HttpContext context)
    {
        var form = await FormBody.ReadAsync(context, "A form is expected here.");
        var given = Encoding.ASCII.GetBytes(form[CrossSite.Field].ToString());
        return CryptographicOperations.FixedTimeEquals(given, Encoding.ASCII.GetBytes(Of(context)))
            ? form
            : throw ProblemException.Forbidden("This form was not made for you by this dashboard, or you have signed in anew since. Open the page again.");
    }
}
