using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws;
using Tenantry.Targets.Docker;
using Tenantry.Targets.Fake;
using Tenantry.Targets.Local;

namespace Tenantry.Targets;

/// <summary>Every kind of target: one line each.</summary>
public static class TargetCatalog
{
    /// <summary>All kinds.</summary>
    public static IReadOnlyList<TargetKind> All { get; } =
    [
        LocalTarget.Catalogued,
        DockerTarget.Catalogued,
        AwsTarget.Catalogued,
        FakeTarget.CatalogLine,
    ];

    /// <summary>The kind with that name, or null.</summary>
    public static TargetKind? Find(string kind) => All.FirstOrDefault(candidate => candidate.Kind == kind);
}
