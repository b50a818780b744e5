using Microsoft.Extensions.Primitives;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// Headers that a Connection header names as its own. (Kestrel shortens a request's "keep-alive, X" to "keep-alive": what is named beside
/// keep-alive cannot be seen here.)
/// </summary>
internal static class HopByHop
{
    /// <summary>The names, or null when there are none but the usual ones.</summary>
    public static string[]? Listed(StringValues connection)
    {
        if (connection.Count == 0 || (connection.Count == 1 && IsUsual(connection.ToString())))
            return null;
        return [.. connection.SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
    }

    /// <summary>True for a name that is listed. The Host is never one: without it the request would be another one.</summary>
    public static bool Contains(string[]? listed, string name) =>
        listed is not null && !name.Equals("Host", StringComparison.OrdinalIgnoreCase) && Array.Exists(listed, n => n.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static bool IsUsual(string value) =>
        value.Equals("keep-alive", StringComparison.OrdinalIgnoreCase) || value.Equals("close", StringComparison.OrdinalIgnoreCase);
}
