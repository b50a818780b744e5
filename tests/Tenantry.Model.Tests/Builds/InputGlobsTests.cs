using Tenantry.Model.Builds;

namespace Tenantry.Model.Tests.Builds;

public class InputGlobsTests
{
    [Theory]
    [InlineData("**", "a", true)]
    [InlineData("**", "a/b/c", true)]
    [InlineData("*", "a", true)]
    [InlineData("*.js", "a.js", true)]
    [InlineData("*.js", "src/a.js", false)]
    [InlineData("**/*.js", "a.js", true)]
    [InlineData("**/*.js", "src/deep/a.js", true)]
    [InlineData("src/**", "src/a/b", true)]
    [InlineData("src/**", "other/a", false)]
    [InlineData("src", "src/a/b", true)]
    [InlineData("src/", "src/a", true)]
    [InlineData("./src", "src/a", true)]
    [InlineData("src", "srcs/a", false)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "ac", false)]
    [InlineData("a*b*c", "aXXbYYc", true)]
    [InlineData("a*b*c", "aXXcYYb", false)]
    [InlineData("package.json", "package.json", true)]
    [InlineData("**", ".git/config", false)]
    [InlineData("**", ".gitignore", true)]
    [InlineData("**/x/**", "a/x/b", true)]
    public void APatternDecides(string pattern, string path, bool expected) =>
        new InputGlobs([pattern]).Contains(path).ShouldBe(expected);

    [Fact]
    public void TheLastPatternThatMatchesDecides()
    {
        var globs = new InputGlobs(["**", "!node_modules", "node_modules/keep/**"]);

        globs.Contains("index.js").ShouldBeTrue();
        globs.Contains("node_modules/left-pad/index.js").ShouldBeFalse();
        globs.Contains("node_modules/keep/index.js").ShouldBeTrue();
    }

    [Fact]
    public void ManyStarsAreNotManyTries() =>
        new InputGlobs([string.Concat(Enumerable.Repeat("a*", 30)) + "b"]).Contains(new string('a', 2000)).ShouldBeFalse();
}
