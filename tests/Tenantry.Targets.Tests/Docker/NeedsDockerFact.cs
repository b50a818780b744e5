using Tenantry.Targets.Processes;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>A test that needs the engine's program; says so when it is skipped.</summary>
public sealed class NeedsDockerFactAttribute : NeedsRootFactAttribute
{
    public NeedsDockerFactAttribute()
    {
        if (Programs.Find("dockerd") is null)
            Skip = "skipped: needs docker.io";
    }
}
