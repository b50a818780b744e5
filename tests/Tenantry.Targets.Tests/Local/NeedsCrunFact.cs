using Tenantry.Targets.Processes;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Local;

/// <summary>A test that runs containers; says what it misses when it is skipped.</summary>
public sealed class NeedsCrunFactAttribute : NeedsRootFactAttribute
{
    /// <param name="programs">Further programs that it needs.</param>
    public NeedsCrunFactAttribute(params string[] programs) => Skip = WhyNotWith(programs);

    /// <summary>Why no containers can be run here, or null.</summary>
    internal static string? WhyNotWith(params string[] programs) =>
        WhyNot ?? (programs.Prepend("crun").Append("busybox").FirstOrDefault(program => Programs.Find(program) is null) is { } missing ? $"skipped: needs {missing}" : null);
}
