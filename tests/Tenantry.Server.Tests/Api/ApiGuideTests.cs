using Tenantry.Model.Instances;
using Tenantry.Server.Access;

namespace Tenantry.Server.Tests.Api;

/// <summary>The guide of the API and the API are about the same.</summary>
public sealed class ApiGuideTests
{
    private static string Guide => File.ReadAllText(Path.Combine(ServerTests.RepositoryRoot(), "docs", "api.md"));

    [Fact]
    public void TheGuideNamesEveryPath() =>
        AccessTable.Rules.Keys.Select(name => name.Split(' ')[1]).Distinct().Where(path => !Guide.Contains(path, StringComparison.Ordinal)).ShouldBeEmpty();

    [Fact]
    public void TheGuideSaysOfEveryPhaseWhatItIsCalledElsewhere() =>
        Enum.GetNames<InstancePhase>().Where(phase => !Guide.Contains($"`{phase}`", StringComparison.Ordinal)).ShouldBeEmpty();
}
