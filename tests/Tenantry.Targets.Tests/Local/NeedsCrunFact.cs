using Tenantry.Targets.Processes;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Local;

/// <summary>A test that runs containers; says what it misses when it is skipped.</summary>
public sealed class NeedsCrunFactAttribute : NeedsRootFactAttribute
{
    /// <param name="programs">Further programs that it needs.</param>
    public NeedsCrunFactAttribute(params string[] programs)
    {
        if (Skip is null && programs.Prepend("crun").Append("busybox").FirstOrDefault(program => Programs.Find(program) is null) is { } missing)
            Skip = $"skipped: needs {missing}";
    }
}
