using System.Text.RegularExpressions;
using Tenantry.Model.Naming;

namespace Tenantry.Model.Tests.Naming;

public sealed class NamingRulesTests
{
    [Theory]
    [InlineData("alice")]
    [InlineData("my-company")]
    [InlineData("user123")]
    [InlineData("a")]
    [InlineData("7")]
    [InlineData("a--b")]
    [InlineData("abcdefghijklmnopqrstuvwxyz0123456789-abc")]
    public void AValidNameIsTaken(string name) => NamingRules.Check(NameKind.Tenant, name).ShouldBeNull();

    [Theory]
    [InlineData("", "is empty", "tenant")]
    [InlineData("Alice", "capital letter 'A'", "alice")]
    [InlineData("-invalid", "starts with a hyphen", "invalid")]
    [InlineData("invalid-", "ends with a hyphen", "invalid")]
    [InlineData("a b", "a space", "a-b")]
    [InlineData("a_b", "the character '_'", "a-b")]
    [InlineData("zoë", "the character 'ë'", "zoe")]
    [InlineData("Ångström & Søn", "the character 'Å'", "angstrom-son")]
    [InlineData("production", "is reserved", "production-tenant")]
    [InlineData("www", "is reserved", "www-tenant")]
    [InlineData("xn--abc", "starts with 'xn--'", "xn-abc")]
    [InlineData("日本", "the character '日'", "tenant")]
    [InlineData("abcdefghijklmnopqrstuvwxyz0123456789-abcd", "has 41 characters; at most 40", "abcdefghijklmnopqrstuvwxyz0123456789-abc")]
    [InlineData("tab\tname", "a character that is not allowed", "tab-name")]
    public void AnInvalidNameIsRefusedWithTheRuleAndTheNearestName(string name, string rule, string suggestion)
    {
        var problem = NamingRules.Check(NameKind.Tenant, name).ShouldNotBeNull();
        problem.Message.ShouldContain(rule);
        problem.Message.ShouldStartWith("Tenant name ");
        problem.Suggestion.ShouldBe(suggestion);
        problem.Message.Any(char.IsControl).ShouldBeFalse();
    }

    [Theory]
    [InlineData("production")]
    [InlineData("development")]
    [InlineData("staging")]
    [InlineData("test")]
    [InlineData("dev")]
    [InlineData("prod")]
    [InlineData("www")]
    [InlineData("api")]
    [InlineData("admin")]
    [InlineData("app")]
    [InlineData("gateway")]
    [InlineData("tenantry")]
    [InlineData("localhost")]
    public void ReservedNamesAreReservedForTenants(string name) => NamingRules.Check(NameKind.Tenant, name).ShouldNotBeNull();

    [Fact]
    public void AnEnvironmentMayHaveTheNamesThatTenantsMayNot()
    {
        foreach (var name in (string[])["production", "staging", "test", "dev", "prod"])
            NamingRules.Check(NameKind.Environment, name).ShouldBeNull(name);
    }

    [Fact]
    public void EverySuggestionIsValidAndThePatternAgreesWithTheRule()
    {
        var random = new Random(20261101);
        const string alphabet = "abcXYZ019-_. 'éß日\t😀";
        var runes = alphabet.EnumerateRunes().Select(r => r.ToString()).ToArray();
        for (var i = 0; i < 5000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => runes[random.Next(runes.Length)]));
            foreach (var kind in Enum.GetValues<NameKind>())
            {
                var suggestion = NamingRules.Suggest(kind, text);
                NamingRules.Check(kind, suggestion).ShouldBeNull($"{kind}: '{text}' became '{suggestion}'");
                if (NamingRules.Check(kind, text) is null)
                    suggestion.ShouldBe(Regex.Replace(text, "-+", "-", RegexOptions.None, TimeSpan.FromSeconds(1)));
            }
            Regex.IsMatch(text, NamingRules.Pattern, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).ShouldBe(NamingRules.Check(NameKind.Volume, text) is null, text);
        }
    }

    [Fact]
    public void EveryReservedNameGetsAValidSuggestion()
    {
        foreach (var kind in Enum.GetValues<NameKind>())
        {
            foreach (var name in NamingRules.Reserved(kind))
                NamingRules.Check(kind, NamingRules.Suggest(kind, name)).ShouldBeNull($"{kind} {name}");
        }
    }
}
