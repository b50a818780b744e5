using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Tenantry.Server.Gateway;

/// <summary>What a client says that it likes best.</summary>
internal static class Preference
{
    /// <summary>A page: it takes HTML, and likes JSON no better. Whoever names no HTML is a program.</summary>
    public static bool IsPage(HttpContext context)
    {
        var accept = context.Request.Headers.Accept;
        if (!accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase) || !MediaTypeHeaderValue.TryParseList(accept, out var types))
            return false;
        double page = 0, data = 0;
        foreach (var type in types)
        {
            var quality = type.Quality ?? 1;
            if (type.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase))
                page = Math.Max(page, quality);
            else if (type.SubType.Equals("json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))
                data = Math.Max(data, quality);
        }

        return page > 0 && page >= data;
    }
}
