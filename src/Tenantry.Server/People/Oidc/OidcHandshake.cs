using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;
using Tenantry.Server.Access;

namespace Tenantry.Server.People.Oidc;

/// <summary>What binds the way to the provider and back to one browser: kept in a cookie of its own, for ten minutes and once.</summary>
internal sealed record OidcHandshake(string State, string Nonce, string Verifier, string ReturnTo)
{
    private const string Cookie = "__Host-tenantry-oidc";
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    /// <summary>What the provider gets of the verifier (PKCE, S256).</summary>
    public string Challenge => Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    public static OidcHandshake Begin(HttpContext context, string returnTo)
    {
        var made = new OidcHandshake(RandomText.New(), RandomText.New(), RandomText.New(), returnTo);
        context.Response.Cookies.Append(Cookie, $"{made.State}.{made.Nonce}.{made.Verifier}.{Base64UrlEncoder.Encode(returnTo)}", Options(Life));
        return made;
    }

    /// <summary>The one that this browser began, or null. It is not to be had again.</summary>
    public static OidcHandshake? Take(HttpContext context)
    {
        var text = context.Request.Cookies[Cookie];
        context.Response.Cookies.Delete(Cookie, Options(null));
        if (text?.Split('.') is not [var state, var nonce, var verifier, var returnTo])
            return null;
        try
        {
            return new OidcHandshake(state, nonce, verifier, SignInApi.SafeReturn(Base64UrlEncoder.Decode(returnTo)));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static CookieOptions Options(TimeSpan? life) => new() { Path = "/", Secure = true, HttpOnly = true, SameSite = SameSiteMode.Lax, IsEssential = true, MaxAge = life };
}
