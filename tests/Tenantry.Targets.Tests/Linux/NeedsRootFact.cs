namespace Tenantry.Targets.Tests.Linux;

/// <summary>A test that needs root; says so when it is skipped.</summary>
public class NeedsRootFactAttribute : FactAttribute
{
    public NeedsRootFactAttribute() => Skip = WhyNot;

    /// <summary>Why there can be no such test here, or null.</summary>
    internal static string? WhyNot => !OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess ? "skipped: needs root on Linux" : null;
}
