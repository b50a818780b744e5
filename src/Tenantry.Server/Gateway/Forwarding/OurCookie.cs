using Microsoft.Extensions.Primitives;
using Tenantry.Server.Access;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// The session of somebody who signed in to the control plane is no instance's to see. Browsers send its cookie to the control plane's own host alone; where gateway and
/// API are told by their ports, or somebody copied it, it ends here.
/// </summary>
internal static class OurCookie
{
    /// <summary>The field without it; empty when nothing else is in it.</summary>
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
            .Where(cookie => !cookie.Split('=')[0].Trim().Equals(Sessions.Cookie, StringComparison.OrdinalIgnoreCase));
        var text = string.Join("; ", rest);
        return text.Length == 0 ? StringValues.Empty : text;
    }
}
