using System.Globalization;

namespace Tenantry.Targets.Linux;

/// <summary>What this process may do beyond being root or not.</summary>
public static class Capability
{
    /// <summary>Going over limits: quotas, a mounted file system's size.</summary>
    public const int SystemResource = 24;

    /// <summary>True when this process holds a capability of that number.</summary>
    public static bool Has(int number) => Effective(File.ReadAllText("/proc/self/status"), number);

    internal static bool Effective(string status, int number) =>
        status.Split('\n').FirstOrDefault(line => line.StartsWith("CapEff:", StringComparison.Ordinal)) is { } line
        && ulong.TryParse(line.AsSpan("CapEff:".Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var mask)
        && (mask >> number & 1) == 1;
}
