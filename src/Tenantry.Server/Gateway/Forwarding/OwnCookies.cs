using Tenantry.Server.Access;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// Cookies stay with the tenant that set them: below a base domain a <c>Domain</c> that other tenants' hosts are in, too, is taken out, so that
/// the cookie is the host's own. Under a host name of its own (one that does not begin with its slug) an instance sets what it likes.
/// </summary>
internal static class OwnCookies
{
    /// <summary>True for the name of a field that sets a cookie.</summary>
    public static bool IsSetting(string name) => name.Length == 10 && name.Equals("Set-Cookie", StringComparison.OrdinalIgnoreCase);

    /// <summary>The field's value as it goes to the client; null for one that would stand in for a session of this control plane.</summary>
    /// <param name="cookie">As the instance wrote it.</param>
    /// <param name="host">The request's Host.</param>
    /// <param name="slug">The instance's.</param>
    public static string? Keep(string cookie, string host, string slug)
    {
        // Browsers keep one jar for all ports of a host.
        if (cookie.AsSpan().TrimStart().StartsWith(Sessions.Cookie, StringComparison.OrdinalIgnoreCase))
            return null;
        if (!cookie.Contains("domain", StringComparison.OrdinalIgnoreCase) || BaseOf(host, slug).ToString() is not { Length: > 0 } shared)
            return cookie;
        var parts = cookie.Split(';');
        var kept = parts.Where((part, place) => place == 0 || !IsOf(part, shared)).ToArray();
        return kept.Length == parts.Length ? cookie : string.Join(';', kept);
    }

    private static ReadOnlySpan<char> BaseOf(ReadOnlySpan<char> host, string slug)
    {
        var port = host.IndexOf(':');
        if (port >= 0)
            host = host[..port];
        return host.Length > slug.Length && host[slug.Length] == '.' && host.StartsWith(slug, StringComparison.OrdinalIgnoreCase) ? host[(slug.Length + 1)..] : default;
    }

    // The base domain itself, or one above it.
    private static bool IsOf(string attribute, string shared)
    {
        var text = attribute.AsSpan();
        var sign = text.IndexOf('=');
        if (sign < 0 || !text[..sign].Trim().Equals("Domain", StringComparison.OrdinalIgnoreCase))
            return false;
        var domain = text[(sign + 1)..].Trim().TrimStart('.');
        return shared.EndsWith(domain, StringComparison.OrdinalIgnoreCase) && (domain.Length == shared.Length || domain.IsEmpty || shared[^(domain.Length + 1)] == '.');
    }
}
