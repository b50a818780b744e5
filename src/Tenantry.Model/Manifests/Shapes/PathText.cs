namespace Tenantry.Model.Manifests.Shapes;

/// <summary>Writes places in the manifest: <c>services.web.files["/etc/app.conf"].mode</c>.</summary>
internal static class PathText
{
    private const int MaximumKey = 120;

    public static string Key(string parent, string key)
    {
        var plain = key.Length > 0 && key.All(c => char.IsLetterOrDigit(c) || c is '-' or '_');
        if (!plain || key.Length > MaximumKey)
            return $"{parent}[\"{string.Concat(key.Take(MaximumKey).Select(c => char.IsControl(c) || c == '"' ? '?' : c))}\"]";
        return parent.Length == 0 ? key : $"{parent}.{key}";
    }

    public static string Item(string parent, int index) => $"{parent}[{index}]";

    public static string Parent(string path)
    {
        if (path.EndsWith("\"]", StringComparison.Ordinal))
            return path[..path.LastIndexOf("[\"", StringComparison.Ordinal)];
        var cut = Math.Max(path.LastIndexOf('.'), path.LastIndexOf('['));
        return cut <= 0 ? "" : path[..cut];
    }
}
