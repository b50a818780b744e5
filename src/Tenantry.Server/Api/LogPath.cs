using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Api;

/// <summary>A request's path as the log may hold it.</summary>
internal static class LogPath
{
    private static readonly PathString Links = "/signin/link";

    /// <summary>What lets somebody in is not told.</summary>
    public static string Of(HttpContext context) => context.Request.Path.StartsWithSegments(Links, out var rest) && rest.HasValue
        ? $"{Links}/…"
        : context.Request.Path.ToString();
}
