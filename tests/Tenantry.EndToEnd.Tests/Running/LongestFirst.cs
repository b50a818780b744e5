using Xunit.Abstractions;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>Classes that take longest begin first, so that none of them runs alone in the end.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Longest = [nameof(DockerCrashTests), nameof(CrashTests), nameof(AwsCrashTests), nameof(QuickstartTests), nameof(DockerRepairTests), nameof(OnboardTests)];

    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) => testCollections.OrderBy(Place).ThenBy(c => c.DisplayName, StringComparer.Ordinal);

    private static int Place(ITestCollection collection)
    {
        var place = Array.FindIndex(Longest, name => collection.DisplayName.EndsWith("." + name, StringComparison.Ordinal));
        return place < 0 ? Longest.Length : place;
    }
}
