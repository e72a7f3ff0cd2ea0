// SPDX-License-Identifier: GPL-2.0

//! `scripts/resolve-version` with made-up archives: the versions of the kernel and of QEMU's source
//! if the archive no longer has those of the project.

use crate::prelude::*;

const SCRIPT: &str = "scripts/resolve-version";

/// Files with the versions of the project.
const KERNEL_VERSION: &str = "scripts/kernel-version";
const MACHINE_VERSION: &str = "scripts/machine-version";

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    suite.test("archive::kernel_that_is_there_is_used", kernel_is_there);
    suite.test(
        "archive::newest_kernel_of_the_series_is_used",
        newest_kernel,
    );
    suite.test("archive::kernel_of_another_series_is_not_used", no_kernel);
    suite.test("archive::qemu_that_is_there_is_used", machine_is_there);
    suite.test("archive::newest_qemu_of_the_series_is_used", newest_machine);
    suite.test("archive::qemu_of_another_series_is_not_used", no_machine);
}

/// An archive with a list of packages and one of sources, and a cache beside them.
struct Archive(TempDir);

impl Archive {
    /// Makes an archive. A line of `packages` is name, architecture and version, a line of
    /// `sources` name and version.
    fn new(packages: &str, sources: &str) -> Result<Self> {
        let it = Self(TempDir::new()?);

        it.replace(packages, sources)?;
        Ok(it)
    }

    /// Replaces the packages and sources, and updates apt's lists.
    fn replace(&self, packages: &str, sources: &str) -> Result<()> {
        let (mut package_list, mut source_list) = (String::new(), String::new());
        let path = |name| self.path(name).display().to_string();

        for line in packages.lines() {
            let [name, architecture, version] = words(line)?;

            package_list += &format!(
                "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n\
                 Filename: ./{name}.deb\nSize: 1\nSHA256: {:064}\n\n",
                0
            );
        }
        for line in sources.lines() {
            let [name, version] = words(line)?;

            source_list += &format!(
                "Package: {name}\nFormat: 3.0 (quilt)\nBinary: {name}, qemu\nArchitecture: any\n\
                 Version: {version}\nDirectory: .\nChecksums-Sha256:\n {:064} 1 {name}.dsc\n\n",
                0
            );
        }
        for directory in ["lists/partial", "archives/partial"] {
            fs::create_dir_all(self.path(directory))?;
        }
        fs::write(self.path("Packages"), package_list)?;
        fs::write(self.path("Sources"), source_list)?;
        fs::write(
            self.path("sources.list"),
            format!(
                "deb [trusted=yes] file:{0} ./\ndeb-src [trusted=yes] file:{0} ./\n",
                path("")
            ),
        )?;
        fs::write(
            self.path("conf"),
            format!(
                "Dir::Etc::sourcelist \"{}\";\nDir::Etc::sourceparts \"/dev/null\";\n\
                 Dir::State::lists \"{}\";\nDir::Cache \"{}\";\n\
                 APT::Architectures {{ \"amd64\"; \"arm64\"; }};\nAPT::Sandbox::User \"root\";\n",
                path("sources.list"),
                path("lists"),
                path("")
            ),
        )?;
        succeeds(
            Command::new("apt-get")
                .arg("-c")
                .arg(self.path("conf"))
                .args(["-q", "update"]),
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Returns a script that uses the archive and the cache.
    fn script(&self, name: &str, arguments: &[&str]) -> Command {
        let mut script = Command::new(name);

        script
            .args(arguments)
            .env("RK3588_DMA_APT_CONF", self.path("conf"));
        script.env("RK3588_DMA_CACHE", self.path("cache"));
        script
    }

    /// Runs a script, which must succeed; returns the path that it prints and its messages.
    fn run(&self, name: &str, arguments: &[&str]) -> Result<(PathBuf, String)> {
        let output = self.script(name, arguments).output()?;
        let said = String::from_utf8(output.stderr)?;

        ensure!(
            output.status.success(),
            "{name} {arguments:?} failed: {said}"
        );
        Ok((String::from_utf8(output.stdout)?.trim_end().into(), said))
    }

    /// Runs a script, which must fail with one line like `pattern`.
    fn refuses(&self, name: &str, arguments: &[&str], pattern: &str) -> Result<()> {
        let (output, said) = process::run(&mut self.script(name, arguments))?;

        ensure!(
            !output.status.success(),
            "{name} {arguments:?} succeeded: {said}"
        );
        expect("lines", said.lines().count(), 1).with_context(|| said.clone())?;
        expect_like(&said, pattern)
    }

    /// Checks that a script prints the product whose key is the hash of these files.
    fn expect_product(
        &self,
        (script, arguments): (&str, &[&str]),
        name: &str,
        files: &[&Path],
    ) -> Result<()> {
        let command = "here=scripts; . scripts/common.sh; content_key \"$@\"";
        let mut shell = self.script("sh", &["-euc", command, "key"]);
        let key = output(shell.args(files))?;
        let product = self.path("cache").join(format!("{name}-{}", key.trim()));

        fs::create_dir_all(&product)?;

        let (found, said) = self.run(script, arguments)?;

        ensure!(
            found.starts_with(&product),
            "{}, not {name}: {said}",
            found.display()
        );
        Ok(())
    }

    /// Checks the products of all kernels with the versions in a file.
    fn expect_kernels(&self, versions: &Path) -> Result<()> {
        let script = Path::new("scripts/kernel");
        let debug = Path::new("scripts/kernel-debug");
        let [config, config_rt] = [
            "scripts/kernel-debug.config",
            "scripts/kernel-debug-rt.config",
        ];
        let [config, config_rt] = [config, config_rt].map(Path::new);

        for (argument, name, files) in [
            ("stock", "kernel", vec![script]),
            ("rt", "kernel-rt", vec![script]),
            ("debug", "kernel-debug", vec![debug, config, script]),
            (
                "debug-rt",
                "kernel-debug-rt",
                vec![debug, config_rt, config, script],
            ),
        ] {
            let files = [files, vec![versions]].concat();

            self.expect_product(("scripts/kernel", &[argument]), name, &files)?;
        }
        Ok(())
    }

    /// Checks the product of the virtual board with the version in a file.
    fn expect_machine(&self, version: &Path) -> Result<()> {
        let series = fs::read_to_string("machine/patches/series")?;
        let patches = series
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        let patches = patches.filter(|name| !name.starts_with('#'));
        let patches: Vec<_> = patches.map(|it| format!("machine/patches/{it}")).collect();
        let mut files: Vec<_> = patches.iter().map(Path::new).collect();

        files.extend([Path::new("scripts/machine"), version]);
        files.push(Path::new("machine/devices.mak"));
        self.expect_product(("scripts/machine", &[]), "machine", &files)
    }
}

/// Returns the words of a line.
fn words<const N: usize>(line: &str) -> Result<[&str; N]> {
    let words: Vec<_> = line.split_whitespace().collect();

    words
        .try_into()
        .map_err(|_| anyhow!("not {N} words: {line}"))
}

/// Returns the packages of a kernel, with its source if `has_source`.
fn kernel(number: &str, version: &str, has_source: bool) -> String {
    let (series, _) = number.rsplit_once('.').unwrap_or_default();
    let mut packages = String::new();

    for flavour in ["arm64", "rt-arm64", "cloud-arm64", "arm64-16k"] {
        packages += &format!("linux-binary-{number}+deb13-{flavour} arm64 {version}\n");
    }
    packages += &format!("linux-binary-{number}+deb13-amd64 amd64 {version}\n");
    if has_source {
        packages += &format!("linux-source-{series} all {version}\n");
    }
    packages
}

/// Returns release and package version of the project's kernel.
fn pinned_kernel() -> Result<[String; 2]> {
    let text = fs::read_to_string(KERNEL_VERSION)?;
    let lines: Vec<_> = text.lines().map(String::from).collect();

    lines
        .try_into()
        .map_err(|_| anyhow!("{KERNEL_VERSION} has not two lines"))
}

/// Returns the packages of the project's kernel.
fn pinned_packages() -> Result<String> {
    let [release, version] = pinned_kernel()?;
    let (number, _) = release.split_once('+').context("no +")?;

    Ok(kernel(number, &version, true))
}

fn kernel_is_there() -> Result<()> {
    let newer = kernel("7.3.99", "7.3.99-1~bpo13+1", true);
    let archive = Archive::new(&(newer + &pinned_packages()?), "")?;
    let (found, said) = archive.run(SCRIPT, &["--archive", "kernel"])?;

    expect("file", found, absolute(KERNEL_VERSION)?)?;
    expect("messages", said.as_str(), "")?;
    archive.expect_kernels(Path::new(KERNEL_VERSION))
}

fn newest_kernel() -> Result<()> {
    let others = [
        kernel("7.3.9", "7.3.9-1~bpo13+1", true),
        kernel("7.3.10", "7.3.10-1~bpo13+1", true),
        // Without its source, and of other series.
        kernel("7.3.11", "7.3.11-1~bpo13+1", false),
        kernel("7.30.1", "7.30.1-1~bpo13+1", true),
        kernel("7.4.1", "7.4.1-1~bpo13+1", true),
    ]
    .concat();
    let archive = Archive::new(&others, "")?;
    let [release, version] = pinned_kernel()?;

    ensure!(
        release.starts_with("7.3."),
        "{release}: another series than in this test"
    );

    let (found, said) = archive.run(SCRIPT, &["--archive", "kernel"])?;
    let expected = format!(
        "the Debian archive no longer has kernel {version} (scripts/kernel-version): using \
         7.3.10-1~bpo13+1, the newest of its series\n"
    );

    expect("messages", said.as_str(), &expected)?;
    expect(
        "versions",
        fs::read_to_string(&found)?.as_str(),
        "7.3.10+deb13-arm64\n7.3.10-1~bpo13+1\n",
    )?;
    // The message is printed once.
    expect(
        "messages",
        archive.run(SCRIPT, &["--archive", "kernel"])?.1.as_str(),
        "",
    )?;
    // Without the archive, too.
    expect("file", &archive.run(SCRIPT, &["kernel"])?.0, &found)?;
    archive.expect_kernels(&found)?;

    // Without a cached product, scripts/kernel looks for the version itself.
    let copy = archive.path("versions");

    fs::rename(&found, &copy)?;
    archive.expect_product(
        ("scripts/kernel", &["stock"]),
        "kernel",
        &[Path::new("scripts/kernel"), &copy],
    )?;

    // The archive has the version of the project again.
    archive.replace(&(others + &pinned_packages()?), "")?;
    for arguments in [&["--archive", "kernel"][..], &["kernel"]] {
        let (found, said) = archive.run(SCRIPT, arguments)?;

        expect("file", found, absolute(KERNEL_VERSION)?).context(said)?;
    }
    Ok(())
}

fn no_kernel() -> Result<()> {
    for (packages, sources) in [
        (kernel("7.4.1", "7.4.1-1~bpo13+1", true), "7.4"),
        (kernel("7.3.9", "7.3.9-1~bpo13+1", false), ""),
        (String::new(), ""),
    ] {
        let archive = Archive::new(&packages, "")?;
        let expected = format!(
            "resolve-version: error: the Debian archive no longer has a kernel 7.3, *(its sources: \
             {sources}): *`make KDIR=DIRECTORY`*scripts/kernel-version*"
        );

        archive.refuses(SCRIPT, &["--archive", "kernel"], &expected)?;
        for kernel in ["stock", "rt", "debug"] {
            archive.refuses("scripts/kernel", &[kernel], &expected)?;
        }
    }
    Ok(())
}

/// Returns the QEMU version of the project.
fn pinned_machine() -> Result<String> {
    Ok(fs::read_to_string(MACHINE_VERSION)?.trim().into())
}

fn machine_is_there() -> Result<()> {
    let sources = format!("qemu 1:10.0.99+ds-0+deb13u1\nqemu {}\n", pinned_machine()?);
    let archive = Archive::new("", &sources)?;
    let (found, said) = archive.run(SCRIPT, &["--archive", "machine"])?;

    expect("file", found, absolute(MACHINE_VERSION)?)?;
    expect("messages", said.as_str(), "")?;
    archive.expect_machine(Path::new(MACHINE_VERSION))
}

fn newest_machine() -> Result<()> {
    let sources = "qemu 1:10.0.14+ds-0+deb13u1\nqemu 1:10.0.20+ds-1\nqemu 1:10.0.9+ds-1\n\
                   qemu 1:11.0.1+ds-1\nqemu 1:10.01.1-1\nqemu-web 1:10.0.30+ds-1\n";
    let archive = Archive::new("", sources)?;
    let (found, said) = archive.run(SCRIPT, &["--archive", "machine"])?;
    let expected = format!(
        "the Debian archive no longer has QEMU {} (scripts/machine-version): using \
         1:10.0.20+ds-1, the newest of its series\n",
        pinned_machine()?
    );

    expect("messages", said.as_str(), &expected)?;
    expect(
        "version",
        fs::read_to_string(&found)?.as_str(),
        "1:10.0.20+ds-1\n",
    )?;
    expect("file", &archive.run(SCRIPT, &["machine"])?.0, &found)?;
    archive.expect_machine(&found)
}

fn no_machine() -> Result<()> {
    let archive = Archive::new("", "qemu 1:11.0.1+ds-1\nqemu 1:10.1.2+ds-1\n")?;
    let expected = "resolve-version: error: the Debian archive no longer has a QEMU 10.0, *(its \
                    sources: 1:10.1.2+ds-1 1:11.0.1+ds-1): *scripts/machine-version*";

    archive.refuses(SCRIPT, &["--archive", "machine"], expected)?;
    archive.refuses("scripts/machine", &[], expected)
}
