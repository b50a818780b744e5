namespace Tenantry.Targets.Tests.Linux;

/// <summary>A test that needs root; says so when it is skipped.</summary>
public class NeedsRootFactAttribute : FactAttribute
{
    public NeedsRootFactAttribute()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            Skip = "skipped: needs root on Linux";
    }
}
