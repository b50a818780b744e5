using Tenantry.Model.Builds;

namespace Tenantry.Model.Tests.Builds;

public class DockerIgnoreTests
{
    [Theory]
    [InlineData("node_modules", "node_modules/a/b.js", true)]
    [InlineData("node_modules", "web/node_modules/a.js", false)]
    [InlineData("**/node_modules", "web/node_modules/a.js", true)]
    [InlineData("**/node_modules", "node_modules/a.js", true)]
    [InlineData("/secret.txt", "secret.txt", true)]
    [InlineData("./a/../secret.txt", "secret.txt", true)]
    [InlineData("*.md", "README.md", true)]
    [InlineData("*.md", "docs/README.md", false)]
    [InlineData("**/*.md", "docs/deep/README.md", true)]
    [InlineData("*.md\n!README.md", "README.md", false)]
    [InlineData("!README.md\n*.md", "README.md", true)]
    [InlineData("docs\n!docs/keep", "docs/keep/a", false)]
    [InlineData("docs\n!docs/keep", "docs/other", true)]
    [InlineData("temp?", "temp1", true)]
    [InlineData("temp?", "temp", false)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[^a-c]x", "bx", false)]
    [InlineData("\\*.md", "a.md", false)]
    [InlineData("# *.md\n\n  \n", "a.md", false)]
    [InlineData("  *.md  \r\n", "a.md", true)]
    [InlineData("**", "a/b", true)]
    [InlineData("*\n!src\n!package.json", "src/a.js", false)]
    [InlineData("*\n!src\n!package.json", "other/a.js", true)]
    [InlineData("a.b", "axb", false)]
    [InlineData("", "a", false)]
    public void WhatItKeepsOutIsAsDockerHasIt(string text, string path, bool ignored) => DockerIgnore.Read(text).Ignores(path).ShouldBe(ignored);

    [Fact]
    public void APatternThatCannotBeReadIsNamedWithItsLine() =>
        Should.Throw<FormatException>(() => DockerIgnore.Read("a\n[b\n")).Message.ShouldBe(".dockerignore:2: '[b' is not a pattern.");
}
