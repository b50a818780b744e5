using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tenantry.Server.Api;

namespace Tenantry.Server.People;

/// <summary>This server as the browser knows it.</summary>
internal static class PublicAddress
{
    /// <summary>What <c>--api-url</c> says when the browser came by that name; else the name by which it came.</summary>
    public static Uri Of(HttpContext context)
    {
        var host = context.Request.Host;
        return context.RequestServices.GetRequiredService<ApiSettings>().Api() is { } known && string.Equals(known.Host, host.Host, StringComparison.OrdinalIgnoreCase)
            ? known
            : new Uri($"{context.Request.Scheme}://{host.Value}");
    }
}
