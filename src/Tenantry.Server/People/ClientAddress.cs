using System.Net;
using Microsoft.AspNetCore.Http;
using Tenantry.Server.Api;

namespace Tenantry.Server.People;

/// <summary>Where somebody is: the other end of the connection, or what a trusted proxy says who was at the other end of its.</summary>
internal static class ClientAddress
{
    public static string Of(HttpContext context, ApiSettings settings)
    {
        var address = context.Connection.RemoteIpAddress;
        var hops = context.Request.Headers["X-Forwarded-For"].ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        for (var hop = hops.Length - 1; hop >= 0 && settings.Trusts(address) && IPAddress.TryParse(hops[hop], out var before); hop--)
            address = before;
        return Plain(address)?.ToString() ?? "unknown";
    }

    private static IPAddress? Plain(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
}
