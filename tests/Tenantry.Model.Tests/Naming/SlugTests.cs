using System.Text.RegularExpressions;
using Tenantry.Model.Naming;

namespace Tenantry.Model.Tests.Naming;

public sealed class SlugTests
{
    private static readonly string Longest = new('a', NamingRules.MaximumLength);

    [Fact]
    public void TheSlugIsTheTenantInProdAndNamesAnyOtherEnvironment()
    {
        Slug.For("alice").ShouldBe("alice");
        Slug.For("alice", "staging").ShouldBe("alice-staging");
        Slug.For("alice", "prod", "shop").ShouldBe("alice-shop");
        Slug.For("alice", "staging", "shop").ShouldBe("alice-shop-staging");
    }

    [Fact]
    public void AClashIsSolvedByTheAppAndThenByAHashThatIsAlwaysTheSame()
    {
        var taken = new HashSet<string>(StringComparer.Ordinal) { "alice" };
        Slug.Unique("alice", "prod", "shop", taken.Contains).ShouldBe("alice-shop");
        taken.Add("alice-shop");
        var hashed = Slug.Unique("alice", "prod", "shop", taken.Contains);
        hashed.ShouldMatch("^alice-shop-[0-9a-f]{6}$");
        Slug.Unique("alice", "prod", "shop", taken.Contains).ShouldBe(hashed);
        taken.Add(hashed);
        Slug.Unique("alice", "prod", "shop", taken.Contains).ShouldMatch("^alice-shop-[0-9a-f]{12}$");
    }

    [Fact]
    public void TwoInstancesThatAskForTheSameSlugEndWithDifferentOnes()
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (tenant, environment, app) in (ReadOnlySpan<(string, string, string)>)[("alice", "staging", "shop"), ("alice-staging", "prod", "shop"), ("alice", "prod", "staging"), ("alice-shop", "staging", "x"), ("alice", "shop-staging", "y")])
            taken.Add(Slug.Unique(tenant, environment, app, taken.Contains)).ShouldBeTrue($"{tenant}/{environment}/{app}");
        taken.Count.ShouldBe(5);
    }

    [Fact]
    public void ALongSlugIsCutToALabelAndStaysUnique()
    {
        var slugs = new List<string> { Slug.For(Longest, Longest), Slug.For(Longest, Longest[1..] + "b"), Slug.For(Longest, Longest, Longest), Slug.For(Longest[1..] + "b", Longest) };
        slugs.Distinct(StringComparer.Ordinal).Count().ShouldBe(slugs.Count);
        slugs.ShouldAllBe(s => s.Length == Slug.MaximumLength);
    }

    [Fact]
    public void EveryCandidateIsADnsLabelAndAllAreDifferentForDifferentInstances()
    {
        var random = new Random(7);
        string Name() => NamingRules.Suggest(NameKind.Tenant, string.Concat(Enumerable.Range(0, random.Next(1, 45)).Select(_ => "ab1-"[random.Next(4)])));
        for (var i = 0; i < 2000; i++)
        {
            foreach (var candidate in Slug.Candidates(Name(), Name(), Name()))
            {
                candidate.Length.ShouldBeLessThanOrEqualTo(Slug.MaximumLength);
                Regex.IsMatch(candidate, "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).ShouldBeTrue(candidate);
            }
        }
    }

    [Fact]
    public void NoCandidateIsAnotherTenantsReservedName() =>
        Slug.Candidates("a", "prod", "b").Where(NamingRules.Reserved(NameKind.Tenant).Contains).ShouldBeEmpty();
}
