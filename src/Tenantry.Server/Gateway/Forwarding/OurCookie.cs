using Microsoft.Extensions.Primitives;
using Tenantry.Server.Access;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// The session of somebody who signed in to the control plane, or is about to at an identity provider, is no instance's to see. Browsers send such a cookie to the control plane's own host alone; where gateway and
/// API are told by their ports, or somebody copied it, it ends here.
/// </summary>
internal static class OurCookie
{
    /// <summary>The field without every cookie whose name begins as that of the session; empty when nothing else is in it.</summary>
    public static StringValues Without(StringValues cookies)
    {
        foreach (var value in cookies)
        {
            if (value is not null && value.Contains(Sessions.Cookie, StringComparison.OrdinalIgnoreCase))
                return Rest(cookies);
        }

        return cookies;
    }

    private static StringValues Rest(StringValues cookies)
    {
        var rest = cookies.SelectMany(value => (value ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Where(cookie => !cookie.StartsWith(Sessions.Cookie, StringComparison.OrdinalIgnoreCase));
        var text = string.Join("; ", rest);
        return text.Length == 0 ? StringValues.Empty : text;
    }
}
