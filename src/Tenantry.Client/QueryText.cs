namespace Tenantry.Client;

internal static class QueryText
{
    /// <summary>The query of a request without what is null; empty when nothing is left.</summary>
    public static string Of(params ReadOnlySpan<(string Name, string? Value)> parts)
    {
        var text = "";
        foreach (var (name, value) in parts)
            if (value is not null)
                text += $"{(text.Length == 0 ? '?' : '&')}{name}={Uri.EscapeDataString(value)}";
        return text;
    }
}
