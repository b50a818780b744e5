using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Gateway;

/// <summary>
/// Tells a proxy in front that makes certificates on demand (Caddy) whether a name is one of ours: <c>/.tenantry/ask?domain=NAME</c>, asked
/// by an address that is no instance's name. 200: yes; 404: no.
/// </summary>
internal static class AskEndpoint
{
    public const string Path = "/.tenantry/ask";

    /// <summary>True when this was such a question; it has its answer then.</summary>
    public static bool Answered(HttpContext context, RouteTable table)
    {
        if (!context.Request.Path.Equals(Path, StringComparison.Ordinal) || context.Request.Method != HttpMethods.Get)
            return false;
        var name = context.Request.Query["domain"].ToString();
        context.Response.StatusCode = name.Length > 0 && table.Find(name) is not null ? StatusCodes.Status200OK : StatusCodes.Status404NotFound;
        context.Response.ContentLength = 0;
        return true;
    }
}
