using Tenantry.Targets.Processes;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>A test that needs the engine's program; says so when it is skipped.</summary>
public sealed class NeedsDockerFactAttribute : NeedsRootFactAttribute
{
    public NeedsDockerFactAttribute() => Skip = WhyNotHere;

    /// <summary>Why no engine can be run here, or null.</summary>
    internal static string? WhyNotHere => WhyNot ?? (Programs.Find("dockerd") is null ? "skipped: needs docker.io" : null);
}

/// <summary>The same for a test with data.</summary>
public sealed class NeedsDockerTheoryAttribute : TheoryAttribute
{
    public NeedsDockerTheoryAttribute() => Skip = NeedsDockerFactAttribute.WhyNotHere;
}
